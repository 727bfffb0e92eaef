//! Nothing but a person leaves the keyring for less: not a keyring that fails, not the terminal, not a page (K6).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tonny_core::ports::{Choice, Place};
use tonny_core::problem::Code;
use tonny_core::secrets::Typed;

use super::super::Outcome;
use super::terminal::Terminal;
use super::victims;
use super::window::{DRAWN, Tour};
use crate::keyring::Bus;
use crate::keyring::fake::{Fake, Manner};
use crate::process::run;
use crate::programs;
use crate::webdriver::DRIVER;

const VALUE: &str = "sk-proj-0123456789abcdefghijklmnop";
const PASSWORD: &str = "correct horse battery";

/// K7: a keyring that is silent when it is left, and answers later, still has everything; going back brings it together.
pub fn silent(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let bus = Bus::start(folder)?;
    let fake = Fake::start(&bus.address, Manner::Good)?;
    let terminal = Terminal::new(&folder.join("home"), Some(&bus.address))?;
    for kind in ["openai", "openai-compatible"] {
        ensure!(terminal.set(kind, VALUE)?.code == Some(0), "the keyring takes nothing");
    }
    fake.silence(true);
    let left = terminal.tonny(&["secrets", "store", "file", "--agree"], &format!("{PASSWORD}\n"))?;
    ensure!(
        left.code == Some(0) && left.err.contains("2 secrets could not be read"),
        "{}{}",
        left.out,
        left.err
    );
    fake.silence(false);
    let presence = |kind: &str, how: &str| -> Result<()> {
        let (report, _) = terminal.report()?;
        let all = report["secrets"].as_array().context("secrets")?;
        let found = all.iter().find(|one| one["id"] == kind).context("listed")?;
        ensure!(found["presence"] == how && found["place"] == "keyring", "{kind} is {found}");
        Ok(())
    };
    presence("openai", "out_of_reach")?;
    let back = terminal.tonny(&["secrets", "store", "keyring"], &format!("{PASSWORD}\n"))?;
    ensure!(back.code == Some(0), "{}{}", back.out, back.err);
    presence("openai", "set")?;
    presence("openai-compatible", "set")
}

/// K6: from the vault outwards.
pub fn needs_a_click() -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let home = |name: &str| {
        let home = folder.path().join(name);
        std::fs::create_dir_all(&home).map(|()| home)
    };
    let failing = failing_keyrings(&home("failing")?)?;
    let asked = the_vault(&home("vault")?)?;
    the_terminal(&home("terminal")?)?;
    let text = format!(
        "{failing} failing keyrings: nothing kept elsewhere; {asked} unconfirmed wishes to the vault refused; \
         terminal refuses without --agree and says what protects the file"
    );
    let Some(tour) = Tour::begin("leaving")? else {
        return Ok(Outcome::Impossible(format!("the window cannot be driven: no {DRIVER}; {text}")));
    };
    the_window(&tour)?;
    tour.end()?;
    Ok(Outcome::measured(
        true,
        format!("{text}; real window: refused unconfirmed, label before the button, moved by the click"),
    ))
}

/// A keyring that does not work makes nothing else be used.
fn failing_keyrings(folder: &Path) -> Result<usize> {
    let manners = [Manner::NoCollection, Manner::LockedDismissed, Manner::FailsMidCall, Manner::Mute];
    let all = manners.len() + 1;
    for manner in manners {
        let bus = Bus::start(folder)?;
        let _fake = Fake::start(&bus.address, manner)?;
        stays(&Terminal::new(&folder.join("home"), Some(&bus.address))?)?;
    }
    stays(&Terminal::new(&folder.join("home"), None)?)?;
    Ok(all)
}

fn stays(terminal: &Terminal) -> Result<()> {
    let set = terminal.set("openai", VALUE)?;
    ensure!(set.code == Some(1), "it was kept somewhere: {}", set.out);
    let (report, _) = terminal.report()?;
    ensure!(report["place"] == "keyring", "the place became {}", report["place"]);
    no_file(&terminal.home)
}

fn no_file(home: &Path) -> Result<()> {
    for vault in [home.join("vault"), home.to_owned()] {
        ensure!(!vault.join("secrets.vault").exists(), "there is an encrypted file nobody asked for");
    }
    Ok(())
}

/// The vault itself, as every face reaches it, in a process with a keyring of its own.
fn the_vault(home: &Path) -> Result<u32> {
    let bus = Bus::start(home)?;
    let _fake = Fake::start(&bus.address, Manner::Good)?;
    let mut command = Command::new(programs::beside("vault-writer")?);
    command.arg("unconfirmed").arg(home.join("home")).env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    run(&mut command)?.trim().parse().context("a number")
}

/// Wishes without the word, each of which has to be refused; how many there were.
pub fn unconfirmed(home: &Path) -> Result<u32> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let secrets = victims::vault(home)?;
        secrets.set("openai", Typed::new(VALUE.to_owned()), false).await?;
        let mut refused = 0;
        for place in [Place::File, Place::Session] {
            let password = Some(victims::password());
            let wish = Choice { place, password, understood: false, auto_lock_min: None };
            let answer = secrets.choose(wish).await;
            ensure!(
                answer.is_err_and(|problem| problem.is(Code::VaultNotAgreed)),
                "{place:?} needed no word"
            );
            ensure!(secrets.report().await?.place == Place::Keyring, "the place changed");
            no_file(home)?;
            refused += 1;
        }
        Ok(refused)
    })
}

fn the_terminal(home: &Path) -> Result<()> {
    let bus = Bus::start(home)?;
    let _fake = Fake::start(&bus.address, Manner::Good)?;
    let terminal = Terminal::new(&home.join("home"), Some(&bus.address))?;
    ensure!(terminal.set("openai", VALUE)?.code == Some(0), "the keyring takes nothing");
    let refused = terminal.tonny(&["secrets", "store", "file"], &format!("{PASSWORD}\n"))?;
    ensure!(refused.code == Some(1) && refused.err.contains(Code::VaultNotAgreed.id()), "{}", refused.err);
    let protection = Place::File.protection().trim_end_matches('.');
    ensure!(refused.err.contains(protection), "it does not say what would protect them: {}", refused.err);
    ensure!(terminal.report()?.0["place"] == "keyring", "the place changed");
    no_file(&terminal.home)
}

/// The real page: a wish that no button makes is refused; the button's dialog says what protects the new place.
fn the_window(tour: &Tour) -> Result<()> {
    let place = || -> Result<serde_json::Value> {
        let answers = tour.called(&[("secrets_list", json!({}))])?;
        Ok(serde_json::from_str::<serde_json::Value>(&answers[0].text)?["place"].clone())
    };
    for to in ["file", "session"] {
        let choice = json!({ "place": to, "password": PASSWORD, "understood": false, "auto_lock_min": null });
        let answers = tour.called(&[("vault_choose", json!({ "choice": choice }))])?;
        ensure!(
            !answers[0].good && answers[0].text.contains(Code::VaultNotAgreed.id()),
            "{}",
            answers[0].text
        );
    }
    ensure!(place()? == "keyring", "the place changed without a word");
    let window = &tour.window;
    let page = "[...document.querySelectorAll('nav button')].find((one) => one.innerText.trim() === 'Secrets').click()";
    window.run(page, &[])?;
    window.wait(
        "the Secrets page",
        &format!("{DRAWN} && document.querySelectorAll('main article').length > 0"),
    )?;
    window.click("main button[aria-label*='Encrypted file']")?;
    window.wait("the dialog", "document.querySelector('[role=dialog] form')")?;
    let said = window.run("return document.querySelector('[role=dialog]').innerText", &[])?;
    ensure!(said.to_string().contains("password that only you know"), "the dialog says {said}");
    window.wait(
        "a move that is not possible yet",
        "document.querySelector('[role=dialog] [type=submit]').disabled",
    )?;
    ensure!(place()? == "keyring", "opening the dialog was enough");
    for field in [1, 2] {
        window.type_into(
            &format!("[role=dialog] .mantine-TextInput-root:nth-of-type({field}) input"),
            PASSWORD,
        )?;
    }
    window.click("[role=dialog] [type=submit]")?;
    window.wait("the dialog's end", "!document.querySelector('[role=dialog]')")?;
    ensure!(place()? == "file", "the click did not move them");
    Ok(())
}
