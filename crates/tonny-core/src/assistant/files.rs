//! Conversations as files: JSON with everything, byte for byte the same when it comes back; Markdown with the branch that is
//! shown, for people.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use tonny_store::{Conversation, ConversationDraft, Message, MessageState, NewAttachment, NewMessage, Role};

use super::desk::Desk;
use super::talk;
use crate::problem::{Code, Problem};
use crate::store_problem;

/// What begins every JSON file, so that nothing else is taken for one.
const KIND: &str = "tonnytray conversation";

/// The shape of the JSON file.
const VERSION: u32 = 1;

/// Bytes of a file that is read.
const LONGEST: usize = 256 << 20;

/// Before each message of a Markdown file. No Markdown shows it.
const MARK: &str = "<!-- tonnytray: ";

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "lowercase")]
pub enum ConversationForm {
    /// Everything.
    Json,
    /// What is shown, for people.
    Markdown,
}

#[derive(Serialize, Deserialize)]
struct File {
    kind: String,
    version: u32,
    conversation: Conversation,
    messages: Vec<Message>,
    attachments: Vec<Attached>,
}

#[derive(Serialize, Deserialize)]
struct Attached {
    message: String,
    place: i64,
    name: String,
    media_type: String,
    base64: String,
}

/// A conversation as the text of a file.
pub async fn export(desk: &Desk, id: &str, form: ConversationForm) -> Result<String, Problem> {
    let conversation = desk.store.conversations().get(id).await.map_err(|e| store_problem(&e))?;
    let conversation = conversation.ok_or_else(|| Problem::of(Code::ConversationUnknown))?;
    let messages = talk::all(&desk.store, id).await?;
    match form {
        ConversationForm::Json => json(desk, conversation, messages).await,
        ConversationForm::Markdown => Ok(markdown(&conversation, &messages)),
    }
}

async fn json(desk: &Desk, conversation: Conversation, messages: Vec<Message>) -> Result<String, Problem> {
    let mut attachments = Vec::new();
    for file in desk.store.attachments().of(&conversation.id).await.map_err(|e| store_problem(&e))? {
        let bytes = desk
            .store
            .attachments()
            .content(&file.message, file.place)
            .await
            .map_err(|e| store_problem(&e))?;
        let base64 = BASE64.encode(bytes.unwrap_or_default());
        let (message, place, name, media_type) = (file.message, file.place, file.name, file.media_type);
        attachments.push(Attached { message, place, name, media_type, base64 });
    }
    // Where a row stands in its table says nothing in another one.
    let messages = (1..).zip(messages).map(|(seq, message)| Message { seq, ..message }).collect();
    let file = File { kind: KIND.to_owned(), version: VERSION, conversation, messages, attachments };
    let text = serde_json::to_string_pretty(&file);
    text.map(|text| text + "\n").map_err(|error| Problem::with(Code::ConversationFileWrong, error))
}

fn markdown(conversation: &Conversation, messages: &[Message]) -> String {
    let mut branch = Vec::new();
    let mut at = conversation.leaf.as_deref().or(messages.last().map(|message| &*message.id));
    while let Some(message) = at.and_then(|id| messages.iter().find(|message| message.id == id)) {
        branch.push(message);
        at = message.parent.as_deref();
    }
    let mut out = format!("# {}\n", conversation.title);
    for message in branch.into_iter().rev() {
        let (role, head) = match message.role {
            Role::User => ("user", "You".to_owned()),
            Role::Assistant => ("assistant", message.model.clone().unwrap_or_else(|| "Assistant".to_owned())),
            Role::System | Role::Tool => continue,
        };
        // A line that looks like a mark would begin a message when the file comes back.
        let text = message.text.replace(MARK, &MARK.replace("<", "&lt;"));
        let cut = if message.state == MessageState::Complete { "" } else { "\n\n*(cut off)*" };
        out.push_str(&format!("\n{MARK}{role} -->\n## {head}\n\n{}{cut}\n", text.trim_end()));
    }
    out
}

/// Takes in a file's text; the conversation's id.
pub async fn import(desk: &Desk, text: &str) -> Result<String, Problem> {
    if text.len() > LONGEST {
        return Err(Problem::with(Code::ConversationFileWrong, "It has more than 256 MB"));
    }
    match text.trim_start().starts_with('{') {
        true => import_json(desk, text).await,
        false => import_markdown(desk, text).await,
    }
}

async fn import_json(desk: &Desk, text: &str) -> Result<String, Problem> {
    let wrong = |what: &dyn std::fmt::Display| Problem::with(Code::ConversationFileWrong, what);
    let file: File = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    if file.kind != KIND || file.version != VERSION {
        return Err(wrong(&format!(
            "It is a {} of version {}",
            crate::problem::quoted(&file.kind),
            file.version
        )));
    }
    let Conversation { id, title, model, system, leaf, updated_at_ms, created_at_ms, .. } = file.conversation;
    if file.messages.iter().any(|message| message.conversation != id) {
        return Err(wrong(&"A message of it belongs to another conversation"));
    }
    let mut bytes = Vec::new();
    for attached in file.attachments {
        let Attached { message, place, name, media_type, base64 } = attached;
        let decoded = BASE64.decode(base64).map_err(|error| wrong(&error))?;
        bytes.push(NewAttachment { message, place, name, media_type, bytes: decoded });
    }
    let is_new = desk.store.conversations().get(&id).await.map_err(|e| store_problem(&e))?.is_none();
    let draft = ConversationDraft { id: id.clone(), profile: None, title, model, system };
    let conversations = desk.store.conversations();
    if is_new {
        conversations.put(&draft, created_at_ms).await.map_err(|e| refused(&e))?;
    }
    let kept = async {
        desk.store.messages().import(&file.messages).await.map_err(|e| refused(&e))?;
        if is_new {
            for file in &bytes {
                desk.store.attachments().add(file).await.map_err(|e| refused(&e))?;
            }
            conversations.set_leaf(&id, leaf.as_deref()).await.map_err(|e| refused(&e))?;
            conversations.touch(&id, updated_at_ms).await.map_err(|e| refused(&e))?;
        }
        Ok(id.clone())
    };
    let kept = kept.await;
    if kept.is_err() && is_new {
        // Nothing of a file that cannot be taken whole.
        conversations.delete(&id).await.map_err(|e| store_problem(&e))?;
    }
    kept
}

fn refused(error: &tonny_store::StoreError) -> Problem {
    if error.is_refused_value() {
        Problem::with(Code::ConversationFileWrong, error)
    } else {
        store_problem(error)
    }
}

async fn import_markdown(desk: &Desk, text: &str) -> Result<String, Problem> {
    let wrong = || Problem::with(Code::ConversationFileWrong, "It has no message that TonnyTray marked");
    let (head, rest) = text.split_once(MARK).ok_or_else(wrong)?;
    let title = head.trim().trim_start_matches('#').trim();
    let now = crate::utc_ms(desk.clock.utc());
    let draft = ConversationDraft {
        id: talk::fresh(),
        title: if title.is_empty() { "Imported".to_owned() } else { title.chars().take(1_000).collect() },
        ..ConversationDraft::default()
    };
    let (mut messages, mut parent) = (Vec::new(), None);
    for piece in rest.split(MARK) {
        let (role, body) = piece.split_once(" -->\n").ok_or_else(wrong)?;
        let role = match role {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => return Err(wrong()),
        };
        let body = body.split_once("\n\n").map_or("", |(_, body)| body).trim_end();
        let (body, is_cut) = match body.strip_suffix("\n\n*(cut off)*") {
            Some(body) => (body, true),
            None => (body, false),
        };
        let id = talk::fresh();
        messages.push(NewMessage {
            id: id.clone(),
            conversation: draft.id.clone(),
            parent: parent.replace(id),
            role,
            state: if is_cut { MessageState::Cut } else { MessageState::Complete },
            text: body.replace(&MARK.replace("<", "&lt;"), MARK),
            provider: None,
            model: None,
            utterance: None,
            created_at_ms: now,
        });
    }
    desk.store.conversations().put(&draft, now).await.map_err(|e| refused(&e))?;
    let leaf = messages.last().map(|message| message.id.clone());
    match desk.store.messages().add_all(&messages, leaf.as_deref()).await {
        Ok(()) => Ok(draft.id),
        Err(error) => {
            desk.store.conversations().delete(&draft.id).await.map_err(|e| store_problem(&e))?;
            Err(refused(&error))
        }
    }
}
