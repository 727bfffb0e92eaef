//! Canaries, the forms in which one could leave, and the places of a request where one can stand. Used by this crate's tests
//! and by the row P2 of the reliability page.

use std::sync::Arc;

use tonny_egress::chat::{ChatRequest, Message, Part, Role};

/// What must not leave. The wrapped ones of these are keys: only keys are looked for inside wrappings.
pub const KEYS: &[&str] = &[
    "sk-ant-api03-canary0123456789canary0123456789",
    "sk-proj-canary0123456789canary0123456789canary",
    "ghp_canary0123456789canary0123456789",
    "AKIACANARY0123456789",
    "AIzacanary0123456789canary0123456789abc",
    "gsk_canary0123456789canary0123456789",
    "xai-canary0123456789canary0123456789",
    "xoxb-0123456789-canary0123456789",
];
/// People, accounts and cards; these are masked, and looked for in plain text only.
pub const PEOPLE: &[&str] = &[
    "canary@example.org",
    "canary.bird+1@mail.example.co.uk",
    "+49 30 12345678",
    "+1 (415) 555-2671",
    "DE89 3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    "4111 1111 1111 1111",
    "378282246310005",
];

pub fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            out.push(char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
        out.push_str(&"=".repeat(3 - three.len()));
    }
    out
}

/// In one of six forms; 0 is plain.
pub fn wrapped(kind: usize, text: &str) -> String {
    match kind {
        0 => text.to_owned(),
        1 => base64(text),
        2 => text.chars().map(|letter| format!("\\u{:04x}", letter as u32)).collect(),
        3 => text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        4 => base64(&base64(&format!("so: {text}"))),
        _ => serde_json::to_string(&serde_json::json!({ "inner": base64(text) })).unwrap(),
    }
}

/// Where a canary is put.
#[derive(Clone, Debug)]
pub enum Place {
    System,
    Message(usize),
    /// Cut by the end of a message.
    Seam(usize),
    Picture,
}

pub fn request(place: &Place, front: &str, secret: &str, behind: &str) -> ChatRequest {
    let mut messages: Vec<Message> =
        [Role::User, Role::Assistant, Role::User].map(|role| Message::text(role, "Well, then.")).into();
    let mut system = None;
    let whole = format!("{front}{secret}{behind}");
    match place {
        Place::System => system = Some(whole),
        Place::Message(which) => messages[*which] = Message::text(messages[*which].role, whole),
        Place::Seam(cut) => {
            let cut = 1 + cut % (secret.len() - 1);
            messages[0] = Message::text(Role::User, format!("{front}{}", &secret[..cut]));
            messages[1] = Message::text(Role::Assistant, format!("{}{behind}", &secret[cut..]));
        }
        Place::Picture => messages[0]
            .parts
            .push(Part::Image { media_type: "image/png".to_owned(), bytes: Arc::from(whole.into_bytes()) }),
    }
    ChatRequest { system, messages, ..ChatRequest::default() }
}
