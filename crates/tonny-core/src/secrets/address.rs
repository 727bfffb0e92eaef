//! What addresses may be kept: encrypted ones, and plain ones of this machine only.

use core::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// A scheme, and where it may lead.
#[derive(Clone, Copy, Debug)]
pub struct Scheme {
    name: &'static str,
    encrypted: bool,
}

impl Scheme {
    /// Encrypted: may lead anywhere.
    pub const fn secure(name: &'static str) -> Self {
        Self { name, encrypted: true }
    }

    /// Plain: may lead to this machine only.
    pub const fn local(name: &'static str) -> Self {
        Self { name, encrypted: false }
    }
}

/// Checks an address. `user_may_be_inside` is for brokers, whose addresses customarily carry user and password.
pub fn check(text: &str, schemes: &[Scheme], user_may_be_inside: bool) -> Result<super::Note, String> {
    let names = || schemes.iter().map(|scheme| scheme.name).collect::<Vec<_>>().join(":// or ");
    if text.contains(char::is_whitespace) || text.contains('\\') {
        return Err("it contains a space or a backslash".to_owned());
    }
    // The parser's own errors say nothing of the value, and little else.
    let url = Url::parse(text).map_err(|error| format!("it is no address: {error}"))?;
    let Some(scheme) = schemes.iter().find(|scheme| scheme.name == url.scheme()) else {
        return Err(format!("it begins with neither {}://", names()));
    };
    let host = host(&url)?;
    if !user_may_be_inside && (!url.username().is_empty() || url.password().is_some()) {
        return Err(
            "user and password do not belong into the address: keep them as n8n authorization".to_owned()
        );
    }
    if url.port() == Some(0) {
        return Err("port 0 cannot be reached".to_owned());
    }
    if let Some(what) = nowhere(&host) {
        return Err(format!("its host is {what}"));
    }
    if !scheme.encrypted && !is_this_machine(&host) {
        let secure = schemes.iter().find(|scheme| scheme.encrypted).map_or("https", |scheme| scheme.name);
        return Err(format!(
            "{}:// sends everything readable through the network; use {secure}:// for another machine",
            scheme.name
        ));
    }
    Ok(note(&host))
}

/// Schemes the standard does not know (amqp) leave their host as it was written: read it by the same rules.
fn host(url: &Url) -> Result<Host, String> {
    let written = url.host_str().filter(|host| !host.is_empty()).ok_or("it has no host")?;
    Host::parse(written).map_err(|_| "its host is no name and no address".to_owned())
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|four| four.is_loopback())
        }
    }
}

/// Addresses that are no host, and those that only a trick leads to: the clouds' metadata lies at a link-local one.
fn nowhere(host: &Host) -> Option<&'static str> {
    match host {
        Host::Domain(name) if name.trim_end_matches('.').is_empty() => Some("empty"),
        Host::Domain(_) => None,
        Host::Ipv4(address) => nowhere_4(*address),
        Host::Ipv6(address) => match address.to_ipv4_mapped() {
            Some(four) => nowhere_4(four),
            None => nowhere_6(*address),
        },
    }
}

fn nowhere_4(address: Ipv4Addr) -> Option<&'static str> {
    match address {
        address if address.octets()[0] == 0 => Some("no address of a machine"),
        address if address.is_link_local() => Some("a link-local address"),
        address if address.is_multicast() || address.is_broadcast() => Some("an address of many machines"),
        _ => None,
    }
}

fn nowhere_6(address: Ipv6Addr) -> Option<&'static str> {
    match address {
        address if address.is_unspecified() => Some("no address of a machine"),
        address if address.is_unicast_link_local() => Some("a link-local address"),
        address if address.is_multicast() => Some("an address of many machines"),
        _ => None,
    }
}

fn note(host: &Host) -> super::Note {
    match host {
        Host::Domain(name) if name.split('.').any(|label| label.starts_with("xn--")) => Some(format!(
            "The host has letters beyond ASCII; it is really {name}. Make sure that this is the one you mean."
        )),
        Host::Ipv4(_) | Host::Ipv6(_) if !is_this_machine(host) => Some(
            "The host is a bare address: its certificate must name that address, or requests will fail."
                .to_owned(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &[Scheme] = &[Scheme::secure("https"), Scheme::local("http")];
    const AMQP: &[Scheme] = &[Scheme::secure("amqps"), Scheme::local("amqp")];

    #[test]
    fn encrypted_addresses_and_this_machine_are_taken() {
        for good in [
            "https://n8n.example.org/webhook/7",
            "http://localhost:5678/webhook/7",
            "http://LOCALHOST./x",
            "http://127.0.0.1:5678",
            "http://127.1/x",
            "http://[::1]:5678/x",
            "http://[::ffff:127.0.0.1]/x",
            "http://n8n.localhost/x",
        ] {
            assert_eq!(check(good, WEB, false), Ok(None), "{good}");
        }
        for good in [
            "amqps://mq.example.org/v",
            "amqps://u:p@mq.example.org:5671/%2f",
            "amqp://guest:guest@localhost",
        ] {
            assert_eq!(check(good, AMQP, true), Ok(None), "{good}");
        }
    }

    #[test]
    fn what_would_travel_readable_or_lead_astray_is_refused_with_why() {
        for (bad, why) in [
            ("http://n8n.example.org/webhook/7", "readable"),
            ("http://localhost.example.org/", "readable"),
            ("http://192.168.1.5/", "readable"),
            ("http://[fd00::1]/", "readable"),
            ("https://user:pass@host/", "user and password"),
            ("https://user@host/", "user and password"),
            ("javascript:alert(1)", "neither"),
            ("file:///etc/passwd", "neither"),
            ("data:text/html,x", "neither"),
            ("ftp://host/x", "neither"),
            ("n8n.example.org/webhook", "no address"),
            ("https://", "no address"),
            ("https://169.254.169.254/latest", "link-local"),
            ("https://[::ffff:169.254.169.254]/", "link-local"),
            ("http://0.0.0.0/", "no address of a machine"),
            ("https://224.0.0.1/", "many machines"),
            ("https://[fe80::1]/", "link-local"),
            ("https://host:0/", "port 0"),
            ("https:\\\\host\\x", "backslash"),
            ("https://ho st/", "space"),
        ] {
            let refusal = check(bad, WEB, false).expect_err(bad);
            assert!(refusal.contains(why), "{bad}: {refusal}");
        }
        for (bad, why) in [
            ("amqp://mq.example.org/v", "readable"),
            ("https://mq.example.org", "neither"),
            ("amqps:///v", "no host"),
            ("amqps:mq", "no host"),
            ("amqp://127.0.0.1.example.org", "readable"),
        ] {
            let refusal = check(bad, AMQP, true).expect_err(bad);
            assert!(refusal.contains(why), "{bad}: {refusal}");
        }
    }

    #[test]
    fn unusual_hosts_are_taken_with_a_word_about_them() {
        let note = check("https://bücher.example/x", WEB, false).expect("taken").expect("a note");
        assert!(note.contains("xn--bcher-kva.example"), "{note}");
        // A Cyrillic а: what looks like one name is another.
        let note = check("https://n8n.exаmple.org/x", WEB, false).expect("taken").expect("a note");
        assert!(note.contains("xn--"), "{note}");
        assert!(check("https://203.0.113.7/x", WEB, false).expect("taken").is_some());
        assert!(check("https://[2001:db8::7]/x", WEB, false).expect("taken").is_some());
    }
}
