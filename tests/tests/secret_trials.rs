//! What "Test" does with each kind of secret: the real `tonny secrets set` against providers on this machine, under the
//! names and certificates of the real ones. A key reaches its own provider and nobody else, is kept or refused as the
//! provider says, and an address is only connected to.

#![allow(clippy::disallowed_methods, reason = "a test starts programs")]

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, ensure};
use tonny_core::secrets::{Carry, Kind, Shape, Trial, all, kind};
use tonny_tests::keyring::Bus;
use tonny_tests::keyring::fake::{Fake, Manner as Keyring};
use tonny_tests::providers::{Manner, Providers};
use tonny_tests::reliability::secrets::providers::{Bait, judged};
use tonny_tests::reliability::secrets::terminal::{Ran, Terminal};

struct World {
    // Ended in this order.
    _keyring: Fake,
    _bus: Bus,
    providers: Providers,
    terminal: Terminal,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let bus = Bus::start(folder.path())?;
        let keyring = Fake::start(&bus.address, Keyring::Good)?;
        let providers = Providers::start(folder.path())?;
        let terminal = Terminal::new(&folder.path().join("home"), Some(&bus.address))?;
        let terminal = terminal.with_variables(providers.variables());
        Ok(Self { _keyring: keyring, _bus: bus, providers, terminal, _folder: folder })
    }

    fn set(&self, kind: &str, value: &str) -> Result<Ran> {
        self.terminal.tonny(&["--json", "secrets", "set", kind], value)
    }

    fn presence(&self, kind: &str) -> Result<String> {
        let (report, _) = self.terminal.report()?;
        let all = report["secrets"].as_array().cloned().unwrap_or_default();
        let one = all.into_iter().find(|one| one["id"] == kind).unwrap_or_default();
        Ok(one["presence"].as_str().unwrap_or_default().to_owned())
    }
}

fn typed() -> impl Iterator<Item = &'static Kind> {
    all().iter().filter(|kind| kind.shape != Shape::Made)
}

#[test]
fn every_kind_is_tried_as_its_row_says() -> Result<()> {
    let world = World::new()?;
    for manner in Manner::ALL {
        world.providers.behave(manner);
        for (number, kind) in typed().enumerate() {
            let bait = Bait::new(kind, number, &world.providers.address());
            let ran = world.set(kind.id, &bait.value)?;
            judged(&world.providers, manner, &bait, ran.code == Some(0), &format!("{}{}", ran.out, ran.err))?;
        }
    }
    Ok(())
}

#[test]
fn a_key_travels_to_its_own_provider_as_that_one_wants_it() -> Result<()> {
    let world = World::new()?;
    for (number, kind) in typed().enumerate() {
        let Trial::Get { url, carry, with } = kind.trial else { continue };
        let bait = Bait::new(kind, number, "");
        world.set(kind.id, &bait.value)?;
        let asked = world.providers.asked();
        ensure!(asked.len() == 1, "{}: {asked:?}", kind.id);
        let (host, path) = url.trim_start_matches("https://").split_once('/').unwrap_or_default();
        ensure!(asked[0].host == host, "{} went to {}", kind.id, asked[0].host);
        ensure!(asked[0].head.starts_with(&format!("GET /{path} HTTP/1.1\r\n")), "{}", asked[0].head);
        let header = match carry {
            Carry::Bearer => format!("authorization: Bearer {}\r\n", bait.value),
            Carry::Header(name) => format!("{name}: {}\r\n", bait.value),
        };
        ensure!(asked[0].head.contains(&header), "{} travels otherwise: {}", kind.id, asked[0].head);
        for (name, value) in with {
            ensure!(
                asked[0].head.contains(&format!("{name}: {value}\r\n")),
                "{}: {name} is missing",
                kind.id
            );
        }
    }
    Ok(())
}

#[test]
fn a_refused_key_leaves_the_old_one_and_a_first_one_is_not_kept() -> Result<()> {
    let world = World::new()?;
    world.providers.behave(Manner::Denies);
    let openai = Bait::new(kind("openai")?, 1, "");
    ensure!(world.set("openai", &openai.value)?.code == Some(1), "it was kept");
    ensure!(world.presence("openai")? == "unset", "a refused first value is kept");
    world.providers.behave(Manner::Good);
    ensure!(world.set("openai", &openai.value)?.code == Some(0), "a good one");
    let before = world.terminal.report()?.0["secrets"].clone();
    world.providers.behave(Manner::Denies);
    let ran = world.set("openai", &Bait::new(kind("openai")?, 2, "").value)?;
    ensure!(
        ran.code == Some(1) && ran.err.contains("401") && ran.err.contains("old one was kept"),
        "{}",
        ran.err
    );
    ensure!(world.terminal.report()?.0["secrets"] == before, "a refused value changed something");
    Ok(())
}

/// The broker of RabbitMQ and the webhook of n8n: a connection and not one byte, also where nobody listens.
#[test]
fn an_address_is_only_connected_to() -> Result<()> {
    let world = World::new()?;
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    for (id, scheme) in [("rabbitmq-url", "amqp"), ("n8n-webhook", "http")] {
        let ran = world.set(id, &format!("{scheme}://{}/somewhere", world.providers.address()))?;
        ensure!(
            ran.out.contains(r#""tried": "reached""#) && ran.out.contains("nothing was sent"),
            "{}",
            ran.out
        );
        let ran = world.set(id, &format!("{scheme}://{closed}/somewhere"))?;
        ensure!(ran.out.contains(r#""tried": "unclear""#) && ran.out.contains("refused"), "{}", ran.out);
        ensure!(!ran.out.contains("somewhere") && !ran.err.contains("somewhere"), "the address is repeated");
    }
    ensure!(world.providers.asked().is_empty(), "something was sent");
    Ok(())
}

/// AWS and the broker's user and password: no half of a pair can be tried, so nobody is asked and the answer says why.
#[test]
fn half_of_a_pair_is_kept_untried_and_says_why() -> Result<()> {
    let world = World::new()?;
    world.providers.behave(Manner::Denies);
    for (id, value, why) in [
        ("bedrock-access-key", "AKIA0123456789ABCDEF", "one half of the pair"),
        ("bedrock-secret-key", "0123456789abcdef0123456789abcdef01234567", "one half of the pair"),
        ("rabbitmq-credentials", "tonny:a good password", "together with its address"),
        ("n8n-auth", "Bearer of-the-automation", "starts the automation"),
    ] {
        let ran = world.set(id, value)?;
        ensure!(ran.code == Some(0) && ran.out.contains(r#""tried": "not""#), "{id}: {}{}", ran.out, ran.err);
        ensure!(ran.out.contains(why), "{id}: {}", ran.out);
        ensure!(world.presence(id)? == "set", "{id} is not kept");
    }
    ensure!(world.providers.asked().is_empty() && world.providers.silent() == 0, "somebody was asked");
    Ok(())
}
