//! Conversations as rows, as what a model is asked, and as what a window shows.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tonny_egress::chat::{ChatRequest, Message, Part, Role};
use tonny_egress::fault::{Fault, FaultCode};
use tonny_store::{
    Attachment, ConversationDraft, FinishReason, Message as Row, MessageState, NewAttachment as NewFile,
    NewMessage, Role as RowRole, Store,
};

use super::desk::Desk;
use super::targets::dollars;
use super::told;
use super::view::{
    Asked, AttachmentView, Author, ConversationView, Ending, MessageView, NewAttachment, NewQuestion,
    NoticeView, Standing,
};
use crate::history_files::rfc3339;
use crate::problem::{Code, Problem};
use crate::store_problem;

/// Characters of one question.
const LONGEST_QUESTION: usize = 1_000_000;

/// Files with one question.
const MOST_FILES: usize = 10;

/// Bytes of one file.
const LONGEST_FILE: usize = 10 << 20;

/// Characters of a title that is made from a question.
const TITLE: usize = 60;

/// Rows that are read at once.
const PAGE: u32 = 1_000;

/// Pictures that models take.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/// What a model is told where the user said nothing else.
const SYSTEM: &str = "You are the assistant of a person who speaks and types to you. Answer in the language of the question, \
    plainly and no longer than it takes.";

/// A file as it is kept.
pub struct File {
    name: String,
    media_type: String,
    bytes: Vec<u8>,
}

/// Checks a question's words and files.
///
/// # Errors
/// What is wrong with them, by its own code; nothing is kept then.
pub fn checked(question: &NewQuestion) -> Result<Vec<File>, Problem> {
    let characters = question.text.chars().count();
    if question.text.trim().is_empty() && question.attachments.is_empty() {
        return Err(Problem::of(Code::QuestionEmpty));
    }
    if characters > LONGEST_QUESTION {
        return Err(Problem::with(Code::QuestionTooLong, format!("It has {characters} characters")));
    }
    if question.attachments.len() > MOST_FILES {
        let count = question.attachments.len();
        return Err(Problem::with(Code::AttachmentRefused, format!("There are {count}")));
    }
    question.attachments.iter().map(file).collect()
}

fn file(new: &NewAttachment) -> Result<File, Problem> {
    let name = crate::problem::quoted(&new.name);
    let refused = |why: &str| Problem::with(Code::AttachmentRefused, format!("{name} {why}"));
    let is_picture = PICTURES.contains(&&*new.media_type);
    if !is_picture && !new.media_type.starts_with("text/") {
        return Err(refused("is neither text nor a picture that models take"));
    }
    let bytes = BASE64.decode(&new.base64).map_err(|_| refused("did not arrive whole"))?;
    if bytes.len() > LONGEST_FILE {
        return Err(refused("has more than 10 MB"));
    }
    if !is_picture && std::str::from_utf8(&bytes).is_err() {
        return Err(refused("is not UTF-8 text"));
    }
    Ok(File { name: new.name.clone(), media_type: new.media_type.clone(), bytes })
}

/// The files of the question that this one is asked in the place of.
///
/// # Errors
/// Those of a message that is not there.
pub async fn kept_files(desk: &Desk, question: &NewQuestion) -> Result<Vec<File>, Problem> {
    let Some((id, conversation)) = question.instead_of.as_ref().zip(question.conversation.as_ref()) else {
        return Ok(Vec::new());
    };
    message_of(&desk.store, id, conversation).await?;
    let mut kept = Vec::new();
    for file in files(&desk.store, conversation).await?.remove(id).unwrap_or_default() {
        let content = desk.store.attachments().content(id, file.place).await;
        if let Some(bytes) = content.map_err(|e| store_problem(&e))? {
            kept.push(File { name: file.name, media_type: file.media_type, bytes });
        }
    }
    if kept.len() + question.attachments.len() > MOST_FILES {
        let count = kept.len() + question.attachments.len();
        return Err(Problem::with(Code::AttachmentRefused, format!("There are {count}")));
    }
    Ok(kept)
}

/// Keeps a question, and the answer that is to come, in a conversation that is there or a new one.
pub async fn keep(
    desk: &Desk,
    question: &NewQuestion,
    files: Vec<File>,
    utterance: Option<&str>,
) -> Result<Asked, Problem> {
    let now = crate::utc_ms(desk.clock.utc());
    let conversation = match &question.conversation {
        Some(id) => existing(&desk.store, id).await?,
        None => begin(desk, question, now).await?,
    };
    if let Some(parent) = &question.parent {
        message_of(&desk.store, parent, &conversation).await?;
    }
    let (asked, answer) = (fresh(), fresh());
    let messages = desk.store.messages();
    let user = NewMessage {
        id: asked.clone(),
        conversation: conversation.clone(),
        parent: question.parent.clone(),
        role: RowRole::User,
        state: MessageState::Complete,
        text: question.text.clone(),
        provider: None,
        model: None,
        utterance: utterance.map(str::to_owned),
        created_at_ms: now,
    };
    let coming = answer_to(&user, &answer, now);
    if files.is_empty() {
        messages.add_all(&[user, coming], Some(&answer)).await.map_err(|e| store_problem(&e))?;
    } else {
        // Files first, so that an answer never begins without them.
        messages.add(&user).await.map_err(|e| store_problem(&e))?;
        for (place, file) in (0..).zip(files) {
            let File { name, media_type, bytes } = file;
            let file = NewFile { message: asked.clone(), place, name, media_type, bytes };
            desk.store.attachments().add(&file).await.map_err(|e| store_problem(&e))?;
        }
        messages.add_all(&[coming], Some(&answer)).await.map_err(|e| store_problem(&e))?;
    }
    Ok(Asked { conversation, question: Some(asked), answer })
}

/// Keeps another answer to the question that `answer` was for.
pub async fn keep_another(desk: &Desk, answer: &str) -> Result<Asked, Problem> {
    let row = row(&desk.store, answer).await?;
    let question = row.parent.clone().ok_or_else(|| Problem::of(Code::MessageUnknown))?;
    let question = self::row(&desk.store, &question).await?;
    let now = crate::utc_ms(desk.clock.utc());
    let id = fresh();
    let asked = NewMessage {
        id: question.id.clone(),
        conversation: question.conversation.clone(),
        parent: question.parent,
        role: RowRole::User,
        state: MessageState::Complete,
        text: String::new(),
        provider: None,
        model: None,
        utterance: None,
        created_at_ms: now,
    };
    let coming = answer_to(&asked, &id, now);
    desk.store.messages().add_all(&[coming], Some(&id)).await.map_err(|e| store_problem(&e))?;
    Ok(Asked { conversation: question.conversation, question: None, answer: id })
}

fn answer_to(question: &NewMessage, id: &str, now: i64) -> NewMessage {
    NewMessage {
        id: id.to_owned(),
        conversation: question.conversation.clone(),
        parent: Some(question.id.clone()),
        role: RowRole::Assistant,
        state: MessageState::Streaming,
        text: String::new(),
        provider: None,
        model: None,
        utterance: None,
        created_at_ms: now,
    }
}

async fn existing(store: &Store, id: &str) -> Result<String, Problem> {
    match store.conversations().get(id).await.map_err(|e| store_problem(&e))? {
        Some(conversation) => Ok(conversation.id),
        None => Err(Problem::of(Code::ConversationUnknown)),
    }
}

async fn begin(desk: &Desk, question: &NewQuestion, now: i64) -> Result<String, Problem> {
    let draft = ConversationDraft {
        id: fresh(),
        profile: None,
        title: title(&question.text),
        model: question.model.clone(),
        system: question.system.clone(),
    };
    desk.store.conversations().put(&draft, now).await.map_err(|e| store_problem(&e))?;
    Ok(draft.id)
}

/// The first words of a question, in one line.
fn title(question: &str) -> String {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TITLE) {
        None if line.is_empty() => "New conversation".to_owned(),
        None => line,
        Some((end, _)) => {
            let cut = line[..end].rfind(' ').filter(|at| *at > 0).unwrap_or(end);
            format!("{}…", &line[..cut])
        }
    }
}

/// What a model is asked for an answer: the branch that leads to it, and the instructions.
pub async fn request_for(desk: &Desk, answer: &str) -> Result<ChatRequest, Problem> {
    let answer = row(&desk.store, answer).await?;
    let conversation =
        desk.store.conversations().get(&answer.conversation).await.map_err(|e| store_problem(&e))?;
    let rows: HashMap<String, Row> =
        all(&desk.store, &answer.conversation).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut branch = Vec::new();
    let mut at = answer.parent.clone();
    while let Some(row) = at.and_then(|id| rows.get(&id)) {
        branch.push(row);
        at = row.parent.clone();
    }
    let files = files(&desk.store, &answer.conversation).await?;
    let mut messages = Vec::new();
    for row in branch.into_iter().rev() {
        let parts = parts(&desk.store, row, files.get(&row.id).map_or(&[], Vec::as_slice)).await?;
        let role = match row.role {
            RowRole::User => Role::User,
            RowRole::Assistant => Role::Assistant,
            RowRole::System | RowRole::Tool => continue,
        };
        if !parts.is_empty() {
            messages.push(Message { role, parts });
        }
    }
    let settings = desk.settings.borrow().assistant.clone();
    let system = conversation.and_then(|conversation| conversation.system).or(settings.system);
    Ok(ChatRequest {
        model: String::new(),
        system: Some(system.unwrap_or_else(|| SYSTEM.to_owned())),
        messages,
        max_tokens: Some(settings.longest_answer),
        temperature: None,
    })
}

async fn parts(store: &Store, row: &Row, files: &[Attachment]) -> Result<Vec<Part>, Problem> {
    let mut parts = Vec::new();
    for file in files {
        let bytes = store.attachments().content(&row.id, file.place).await.map_err(|e| store_problem(&e))?;
        let bytes = bytes.unwrap_or_default();
        if PICTURES.contains(&&*file.media_type) {
            parts.push(Part::Image { media_type: file.media_type.clone(), bytes: Arc::from(bytes) });
        } else {
            let text = String::from_utf8_lossy(&bytes);
            parts.push(Part::Text(format!(
                "The file {}:\n\n{text}\n\nThe end of the file {}.",
                file.name, file.name
            )));
        }
    }
    if !row.text.is_empty() {
        parts.push(Part::Text(row.text.clone()));
    }
    Ok(parts)
}

/// One message as the store has it.
pub async fn row(store: &Store, id: &str) -> Result<Row, Problem> {
    let row = store.messages().get(id).await.map_err(|e| store_problem(&e))?;
    row.ok_or_else(|| Problem::of(Code::MessageUnknown))
}

async fn message_of(store: &Store, id: &str, conversation: &str) -> Result<Row, Problem> {
    row(store, id).await.and_then(|row| match row.conversation == conversation {
        true => Ok(row),
        false => Err(Problem::of(Code::MessageUnknown)),
    })
}

/// Every message of a conversation.
pub async fn all(store: &Store, conversation: &str) -> Result<Vec<Row>, Problem> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = store.messages().of(conversation, after, PAGE).await.map_err(|e| store_problem(&e))?;
        after = page.last().map(|row| row.seq);
        let is_last = page.len() < PAGE as usize;
        rows.extend(page);
        if is_last {
            return Ok(rows);
        }
    }
}

async fn files(store: &Store, conversation: &str) -> Result<HashMap<String, Vec<Attachment>>, Problem> {
    let mut files: HashMap<String, Vec<Attachment>> = HashMap::new();
    for file in store.attachments().of(conversation).await.map_err(|e| store_problem(&e))? {
        files.entry(file.message.clone()).or_default().push(file);
    }
    Ok(files)
}

/// A conversation as it is shown.
pub async fn view(desk: &Desk, id: &str) -> Result<ConversationView, Problem> {
    let conversation = desk.store.conversations().get(id).await.map_err(|e| store_problem(&e))?;
    let conversation = conversation.ok_or_else(|| Problem::of(Code::ConversationUnknown))?;
    let files = files(&desk.store, id).await?;
    // Another program that wrote here may have ended since.
    if let Err(problem) = super::adopt(&desk.store).await {
        tracing::warn!(code = problem.code, "answers that broke off cannot be marked");
    }
    let rows = all(&desk.store, id).await?;
    let shown = |row: &Row| matches!(row.role, RowRole::User | RowRole::Assistant);
    let messages = rows.iter().filter(|row| shown(row)).map(|row| {
        let files = files.get(&row.id).map_or(&[][..], Vec::as_slice);
        message_view(desk, row, files)
    });
    let messages = messages.collect();
    let (title, model, system, leaf) =
        (conversation.title, conversation.model, conversation.system, conversation.leaf);
    Ok(ConversationView { id: conversation.id, title, model, system, leaf, messages })
}

/// One message as it is shown.
pub async fn message(desk: &Desk, id: &str) -> Result<MessageView, Problem> {
    let row = row(&desk.store, id).await?;
    // An answer has no files, and reading a long conversation's for each of its pieces would be felt.
    let files = match row.role {
        RowRole::User => files(&desk.store, &row.conversation).await?.remove(id).unwrap_or_default(),
        _ => Vec::new(),
    };
    Ok(message_view(desk, &row, &files))
}

fn message_view(desk: &Desk, row: &Row, files: &[Attachment]) -> MessageView {
    let state = match row.state {
        MessageState::Streaming => Standing::Streaming,
        MessageState::Complete => Standing::Complete,
        MessageState::Cut => Standing::Interrupted,
        MessageState::Cancelled => Standing::Cancelled,
        MessageState::Failed => Standing::Failed,
    };
    let is_short = row.finish == Some(FinishReason::Length);
    let can_continue = row.role == RowRole::Assistant
        && !row.text.is_empty()
        && (matches!(state, Standing::Interrupted | Standing::Cancelled) || is_short);
    let number = |tokens: Option<i64>| tokens.map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX));
    MessageView {
        id: row.id.clone(),
        parent: row.parent.clone(),
        role: if row.role == RowRole::User { Author::User } else { Author::Assistant },
        state,
        text: row.text.clone(),
        deltas: u32::try_from(row.deltas).unwrap_or(u32::MAX),
        reasoning: row.reasoning.clone(),
        finish: row.finish.map(ending),
        provider: row.provider.clone(),
        model: row.model.clone(),
        notices: notices(row),
        problem: row.error_code.as_ref().map(|code| problem(desk, row, code)),
        can_continue,
        tokens_in: number(row.tokens_in),
        tokens_out: number(row.tokens_out),
        cost: row.cost_pico.map(|pico| dollars(u128::try_from(pico).unwrap_or_default())),
        is_estimated: row.is_estimated,
        attachments: files.iter().map(attachment).collect(),
        is_spoken: row.utterance.is_some(),
        created_at: rfc3339(row.created_at_ms),
    }
}

fn ending(finish: FinishReason) -> Ending {
    match finish {
        FinishReason::Stop => Ending::Stop,
        FinishReason::Length => Ending::Length,
        FinishReason::Filtered => Ending::Filtered,
        FinishReason::Refused => Ending::Refused,
        FinishReason::Other => Ending::Other,
    }
}

fn attachment(file: &Attachment) -> AttachmentView {
    let bytes = u32::try_from(file.bytes).unwrap_or(u32::MAX);
    AttachmentView { name: file.name.clone(), media_type: file.media_type.clone(), bytes }
}

/// The steps on the way to an answer, as they were written down.
pub fn notices(row: &Row) -> Vec<NoticeView> {
    serde_json::from_str(&row.notices).unwrap_or_default()
}

/// The table's words for the code that a row has; the last notice of the same code knows more.
fn problem(desk: &Desk, row: &Row, code: &str) -> Problem {
    if let Some(number) = code.strip_prefix("TT-LLM-").and_then(|number| number.parse().ok()) {
        let provider = row.provider.clone().unwrap_or_default();
        let label = desk.providers.get(&provider).map(|provider| provider.label.clone());
        let mut problem = told::problem(&Fault::new(FaultCode(number), provider), &label.unwrap_or_default());
        if let Some(notice) = notices(row).into_iter().rev().find(|notice| notice.code == code) {
            problem.message = notice.sentence;
        }
        return problem;
    }
    let known = Code::ALL.iter().find(|known| known.id() == code);
    known.map_or_else(|| Problem::with(Code::MessageUnknown, code), |known| Problem::of(*known))
}

/// A new id, later than all before it.
pub fn fresh() -> String {
    uuid::Uuid::now_v7().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_beginning_of_the_question_in_one_line() {
        assert_eq!(title("  What is\n\nthis? "), "What is this?");
        assert_eq!(title(" \n "), "New conversation");
        let long = title(&"word ".repeat(50));
        assert!(long.ends_with("word…") && long.chars().count() <= TITLE + 1, "{long}");
        assert_eq!(title(&"ä".repeat(500)).chars().count(), TITLE + 1);
    }

    #[test]
    fn what_cannot_go_along_is_refused_with_its_name() {
        let with = |media_type: &str, bytes: &[u8]| NewQuestion {
            attachments: vec![NewAttachment {
                name: "notes".to_owned(),
                media_type: media_type.to_owned(),
                base64: BASE64.encode(bytes),
            }],
            ..NewQuestion::default()
        };
        assert!(checked(&with("text/plain", b"hello")).is_ok());
        assert!(checked(&with("image/png", &[0xff])).is_ok());
        for (media_type, bytes) in [
            ("application/pdf", vec![1]),
            ("text/plain", vec![0xff]),
            ("text/plain", vec![b'x'; LONGEST_FILE + 1]),
        ] {
            let problem = checked(&with(media_type, &bytes)).map(drop).expect_err(media_type);
            assert!(problem.is(Code::AttachmentRefused) && problem.message.contains("notes"), "{problem}");
        }
        let long = NewQuestion { text: "x".repeat(LONGEST_QUESTION + 1), ..NewQuestion::default() };
        assert!(checked(&long).map(drop).expect_err("long").is(Code::QuestionTooLong));
        assert!(checked(&NewQuestion::default()).map(drop).expect_err("empty").is(Code::QuestionEmpty));
    }
}
