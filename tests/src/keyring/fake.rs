//! A Secret Service that behaves as one is told to: just enough of it for one collection in memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, bail};
use dbus::arg::{PropMap, RefArg, Variant};
use dbus::blocking::stdintf::org_freedesktop_dbus::RequestNameReply;
use dbus::message::MessageType;
use dbus::strings::ErrorName;
use dbus::{Message, Path};

use super::wire;

/// How the keyring behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    Good,
    /// It has its name and never answers.
    Mute,
    /// There is no default collection.
    NoCollection,
    /// Locked; its question is turned away at once.
    LockedDismissed,
    /// Locked; its question is never answered.
    LockedSilent,
    /// Fails when something is written.
    FailsMidCall,
    /// Keeps UTF-8 only; other bytes come back changed.
    TextOnly,
}

const COLLECTION: &str = "/org/freedesktop/secrets/collection/fake";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/fake";
const SESSION: &str = "/org/freedesktop/secrets/session/fake";

/// What a secret is on the wire: session, IV, sealed bytes, type.
type Sealed = (Path<'static>, Vec<u8>, Vec<u8>, String);

/// The service on a thread; it leaves the bus when this is dropped.
pub struct Fake {
    stop: Arc<AtomicBool>,
    silent: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    pub fn start(address: &str, manner: Manner) -> Result<Self> {
        let (stop, silent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mute = silent.clone();
        let (told, name) = std::sync::mpsc::channel();
        let (address, stopped) = (address.to_owned(), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut service = Service { manner, items: HashMap::new(), made: 0 };
            let connection = match wire::connect(&address) {
                Ok(connection) => connection,
                Err(error) => {
                    let _ = told.send(Err(error));
                    return;
                }
            };
            let owner = connection.request_name(wire::NAME, false, true, false);
            let is_ours = matches!(owner, Ok(RequestNameReply::PrimaryOwner));
            let _ = told.send(Ok(is_ours));
            while !stopped.load(Ordering::Relaxed) {
                match connection.channel().blocking_pop_message(Duration::from_millis(50)) {
                    Ok(Some(message)) if message.msg_type() == MessageType::MethodCall => {
                        if mute.load(Ordering::Relaxed) {
                            continue;
                        }
                        for answer in service.answers(&message) {
                            let _ = connection.channel().send(answer);
                        }
                        connection.channel().flush();
                    }
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
        });
        let fake = Self { stop, silent, thread: Some(thread) };
        match name.recv()? {
            Ok(true) => Ok(fake),
            Ok(false) => bail!("another keyring is on the bus"),
            Err(error) => Err(error),
        }
    }
}

impl Fake {
    /// Answers nothing from now on, or answers again.
    pub fn silence(&self, on: bool) {
        self.silent.store(on, Ordering::Relaxed);
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Service {
    manner: Manner,
    items: HashMap<String, (HashMap<String, String>, Sealed)>,
    made: u32,
}

impl Service {
    fn answers(&mut self, call: &Message) -> Vec<Message> {
        if self.manner == Manner::Mute {
            return Vec::new();
        }
        let path = call.path().map(|path| path.to_string()).unwrap_or_default();
        let answer = match call.member().as_deref().unwrap_or_default() {
            "OpenSession" => {
                // 1 as the server's half of the key exchange: see `wire`.
                let half: Variant<Box<dyn RefArg>> = Variant(Box::new(vec![1_u8]));
                call.method_return().append2(half, object(SESSION))
            }
            "ReadAlias" => {
                let is_there = self.manner != Manner::NoCollection;
                call.method_return().append1(object(if is_there { COLLECTION } else { "/" }))
            }
            "SearchItems" => self.search(call),
            "Unlock" => call.method_return().append2(Vec::<Path<'static>>::new(), object(PROMPT)),
            "Prompt" => return self.prompt(call),
            "CreateItem" => self.create(call),
            "GetSecret" => match self.items.get(&path) {
                Some((_, sealed)) => call.method_return().append1(sealed.clone()),
                None => failed(call),
            },
            "Delete" => {
                self.items.remove(&path);
                call.method_return().append1(object("/"))
            }
            "Get" => self.property(call, &path),
            _ => failed(call),
        };
        vec![answer]
    }

    fn is_locked(&self) -> bool {
        matches!(self.manner, Manner::LockedDismissed | Manner::LockedSilent)
    }

    fn search(&self, call: &Message) -> Message {
        let wanted: HashMap<String, String> = call.read1().unwrap_or_default();
        let fits = |attributes: &HashMap<String, String>| {
            wanted.iter().all(|(name, value)| attributes.get(name) == Some(value))
        };
        let found = self.items.iter().filter(|(_, (attributes, _))| fits(attributes));
        let found: Vec<Path<'static>> = found.map(|(path, _)| object(path)).collect();
        call.method_return().append2(found, Vec::<Path<'static>>::new())
    }

    fn prompt(&self, call: &Message) -> Vec<Message> {
        let answered = call.method_return();
        if self.manner == Manner::LockedSilent {
            return vec![answered];
        }
        let signal = Message::new_signal(PROMPT, "org.freedesktop.Secret.Prompt", "Completed");
        let nothing: Variant<Box<dyn RefArg>> = Variant(Box::new(Vec::<Path<'static>>::new()));
        let signal = signal.expect("valid names").append2(true, nothing);
        vec![answered, signal]
    }

    fn create(&mut self, call: &Message) -> Message {
        let Ok((properties, mut sealed, _replace)) = call.read3::<PropMap, Sealed, bool>() else {
            return failed(call);
        };
        if self.manner == Manner::FailsMidCall {
            return failed(call);
        }
        let attributes = attributes(&properties);
        if self.manner == Manner::TextOnly {
            let clear = wire::decrypt(&sealed.1, &sealed.2).unwrap_or_default();
            let text = String::from_utf8_lossy(&clear).into_owned();
            sealed.2 = wire::encrypt(&sealed.1, text.as_bytes()).unwrap_or_default();
        }
        self.items.retain(|_, (other, _)| *other != attributes);
        self.made += 1;
        let path = format!("{COLLECTION}/{}", self.made);
        self.items.insert(path.clone(), (attributes, sealed));
        call.method_return().append2(object(&path), object("/"))
    }

    fn property(&self, call: &Message, path: &str) -> Message {
        let name = call.read2::<&str, &str>().map_or("", |(_, name)| name);
        let value: Variant<Box<dyn RefArg>> = match (name, self.items.get(path)) {
            ("Locked", _) => Variant(Box::new(self.is_locked())),
            ("Attributes", Some((attributes, _))) => Variant(Box::new(attributes.clone())),
            _ => return failed(call),
        };
        call.method_return().append1(value)
    }
}

/// The attributes of a new item: names and values come in turn.
fn attributes(properties: &PropMap) -> HashMap<String, String> {
    let given = properties.get("org.freedesktop.Secret.Item.Attributes");
    let texts = given.and_then(|given| given.0.as_iter()).into_iter().flatten();
    let texts: Vec<String> = texts.filter_map(|text| text.as_str().map(str::to_owned)).collect();
    texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

fn object(path: &str) -> Path<'static> {
    Path::from(path.to_owned()).into_static()
}

fn failed(call: &Message) -> Message {
    let name = ErrorName::new("org.example.Error.Surprise").expect("a valid name");
    call.error(&name, c"the fake fails on purpose")
}
