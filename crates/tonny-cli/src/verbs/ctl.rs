//! `tonny ctl`: the running app's keys and state.

use tonny_core::control::Request;
use tonny_core::problem::{Code, Problem};

use crate::arguments::Ctl;
use crate::face::Face;

pub fn run(face: &Face, verb: Ctl) -> Result<(), Problem> {
    let request = match verb {
        Ctl::Press(route) => Request::Press { route: route.route },
        Ctl::Release(route) => Request::Release { route: route.route },
        Ctl::Toggle(route) => Request::Toggle { route: route.route },
        Ctl::Cancel(route) => Request::Cancel { route: route.route },
        Ctl::Show { page } => Request::Show { page },
        Ctl::Quit => Request::Quit,
        Ctl::Status => {
            let status = face.ask(&Request::Status)?.status;
            let status = status.ok_or_else(|| Problem::with(Code::AppNotRunning, "It sent no status"))?;
            let line = serde_json::to_string(&status).map_err(|e| Problem::with(Code::RequestInvalid, e))?;
            return face.line(line);
        }
    };
    face.ask(&request).map(|_| ())
}
