//! The table of secret kinds. Adding one is a row here and nothing else: lists, validation, tests, the terminal, the
//! move between stores and the import of old plain-text files all read this table.

use serde::Serialize;

use super::Shape;
use crate::problem::{Code, Problem};

/// Who may open a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// The door out, for a request to the one the secret belongs to.
    Egress,
    /// The start of a worker, which hands it over on standard input.
    WorkerStart,
    /// Whoever reads kept recordings.
    Recordings,
}

/// How a value travels in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carry {
    /// `Authorization: Bearer VALUE`.
    Bearer,
    /// A header of that name.
    Header(&'static str),
}

/// How a value is tried before it replaces another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// A request that costs nothing and that the provider refuses without a good key.
    Get {
        /// Where to.
        url: &'static str,
        /// How the value travels.
        carry: Carry,
        /// Headers the provider wants besides.
        with: &'static [(&'static str, &'static str)],
    },
    /// The value is an address: can its host be reached? Nothing is sent, because a request could start something.
    Reach,
    /// It cannot be tried by itself, and why.
    Never(&'static str),
}

/// One kind of secret.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Stable; names it in the terminal, in the store and in the interface.
    pub id: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// What a good value looks like.
    pub shape: Shape,
    /// How it is tried.
    pub trial: Trial,
    /// Who may open it.
    pub readers: &'static [Reader],
    /// Where older set-ups kept it in plain text in their `config.json`, as JSON pointers; `A+B` makes `a:b`.
    pub old: &'static [&'static str],
}

const EGRESS: &[Reader] = &[Reader::Egress];
const WORKER: &[Reader] = &[Reader::WorkerStart, Reader::Egress];
const OWN_SERVER: Trial = Trial::Never("it belongs to a server of your own, which is asked when it is used");

const fn bearer(url: &'static str) -> Trial {
    Trial::Get { url, carry: Carry::Bearer, with: &[] }
}

/// A provider's key.
const fn key(
    id: &'static str,
    label: &'static str,
    purpose: &'static str,
    shape: Shape,
    trial: Trial,
    old: &'static [&'static str],
) -> Kind {
    Kind { id, label, purpose, shape, trial, readers: EGRESS, old }
}

const fn of(prefixes: &'static [&'static str], shortest: usize, longest: usize) -> Shape {
    Shape::Key { prefixes, shortest, longest }
}

const KINDS: &[Kind] = &[
    key(
        "elevenlabs",
        "ElevenLabs key",
        "Spoken replies with ElevenLabs voices.",
        of(&[], 20, 128),
        Trial::Get {
            url: "https://api.elevenlabs.io/v1/user",
            carry: Carry::Header("xi-api-key"),
            with: &[],
        },
        &["/elevenlabs/api_key", "/elevenlabs/apiKey", "/elevenlabs_api_key"],
    ),
    key(
        "n8n-webhook",
        "n8n webhook",
        "Where automations are sent to; whoever knows the address can start them.",
        Shape::Web,
        Trial::Reach,
        &["/n8n/webhook_url", "/n8n/webhookUrl", "/n8n/url", "/n8n_webhook_url"],
    ),
    key(
        "n8n-auth",
        "n8n authorization",
        "The Authorization header of the webhook: `Basic ...`, `Bearer ...` or the value of its own header.",
        Shape::Header,
        Trial::Never("only a request that starts the automation would show whether it is good"),
        &["/n8n/auth", "/n8n/auth_token", "/n8n/api_key"],
    ),
    key(
        "rabbitmq-url",
        "RabbitMQ address",
        "The broker that messages are queued at: amqps://host:5671/vhost.",
        Shape::Amqp,
        Trial::Reach,
        &["/rabbitmq/url", "/rabbitmq/uri", "/rabbitmq_url"],
    ),
    key(
        "rabbitmq-credentials",
        "RabbitMQ credentials",
        "User and password at the broker, as user:password.",
        Shape::UserAndPassword,
        Trial::Never("the broker takes it only together with its address, which is a secret of its own"),
        &[
            "/rabbitmq/credentials",
            "/rabbitmq/username+/rabbitmq/password",
            "/rabbitmq/user+/rabbitmq/password",
        ],
    ),
    key(
        "openai",
        "OpenAI key",
        "Language models, voices and transcription of OpenAI.",
        of(&["sk-"], 20, 300),
        bearer("https://api.openai.com/v1/models"),
        &["/openai/api_key", "/openai_api_key"],
    ),
    key(
        "anthropic",
        "Anthropic key",
        "Language models of Anthropic.",
        of(&["sk-ant-"], 24, 300),
        Trial::Get {
            url: "https://api.anthropic.com/v1/models",
            carry: Carry::Header("x-api-key"),
            with: &[("anthropic-version", "2023-06-01")],
        },
        &["/anthropic/api_key", "/anthropic_api_key"],
    ),
    key(
        "gemini",
        "Google Gemini key",
        "Language models of Google.",
        of(&["AIza", "AQ."], 30, 200),
        Trial::Get {
            url: "https://generativelanguage.googleapis.com/v1beta/models",
            carry: Carry::Header("x-goog-api-key"),
            with: &[],
        },
        &["/gemini/api_key", "/google/api_key"],
    ),
    key(
        "xai",
        "xAI key",
        "Language models of xAI.",
        of(&["xai-"], 20, 300),
        bearer("https://api.x.ai/v1/models"),
        &["/xai/api_key"],
    ),
    key(
        "bedrock",
        "Amazon Bedrock API key",
        "Language models on AWS Bedrock, with a key of Bedrock's own.",
        of(&["ABSK", "bedrock-api-key-"], 40, 4_096),
        Trial::Never(
            "it is good at the address of its region alone, which is tried under Settings, Assistant",
        ),
        &["/bedrock/api_key"],
    ),
    key(
        "bedrock-access-key",
        "AWS access key id",
        "Language models on AWS Bedrock, with the secret key.",
        of(&["AKIA", "ASIA"], 20, 20),
        Trial::Never("AWS takes no request that only one half of the pair signed"),
        &["/bedrock/access_key_id", "/aws/access_key_id"],
    ),
    key(
        "bedrock-secret-key",
        "AWS secret access key",
        "Language models on AWS Bedrock, with the access key id.",
        of(&[], 40, 40),
        Trial::Never("AWS takes no request that only one half of the pair signed"),
        &["/bedrock/secret_access_key", "/aws/secret_access_key"],
    ),
    key(
        "mistral",
        "Mistral key",
        "Language models of Mistral.",
        of(&[], 20, 200),
        bearer("https://api.mistral.ai/v1/models"),
        &["/mistral/api_key"],
    ),
    key(
        "deepseek",
        "DeepSeek key",
        "Language models of DeepSeek.",
        of(&["sk-"], 20, 200),
        bearer("https://api.deepseek.com/models"),
        &["/deepseek/api_key"],
    ),
    key(
        "groq",
        "Groq key",
        "Language models and transcription on Groq.",
        of(&["gsk_"], 20, 200),
        bearer("https://api.groq.com/openai/v1/models"),
        &["/groq/api_key"],
    ),
    key(
        "openrouter",
        "OpenRouter key",
        "Language models through OpenRouter.",
        of(&["sk-or-"], 20, 200),
        bearer("https://openrouter.ai/api/v1/key"),
        &["/openrouter/api_key"],
    ),
    key(
        "nanogpt",
        "NanoGPT key",
        "Language models through NanoGPT.",
        of(&[], 20, 200),
        Trial::Never("its list of models is open to everybody and proves nothing"),
        &["/nanogpt/api_key", "/nano_gpt/api_key"],
    ),
    key(
        "ollama",
        "Ollama token",
        "An Ollama server that asks for a token.",
        of(&[], 8, 512),
        OWN_SERVER,
        &["/ollama/api_key"],
    ),
    key(
        "openai-compatible",
        "Token of an OpenAI-compatible server",
        "A language model server of your own or another provider.",
        of(&[], 8, 1_024),
        OWN_SERVER,
        &["/openai_compatible/api_key", "/custom/api_key"],
    ),
    key(
        "transcription-server",
        "Token of a transcription server",
        "An OpenAI-compatible transcription server.",
        of(&[], 8, 1_024),
        OWN_SERVER,
        &["/transcription/api_key"],
    ),
    Kind {
        readers: WORKER,
        ..key(
            "whisperlivekit",
            "WhisperLiveKit token",
            "A WhisperLiveKit server that asks for a token, or one that TonnyTray starts.",
            of(&[], 8, 512),
            OWN_SERVER,
            &["/whisperlivekit/token"],
        )
    },
    Kind {
        readers: WORKER,
        ..key(
            "llama-server",
            "llama-server token",
            "A llama-server elsewhere, or one that TonnyTray starts.",
            of(&[], 8, 512),
            OWN_SERVER,
            &["/llama/api_key"],
        )
    },
    Kind {
        readers: &[Reader::Recordings],
        ..key(
            RECORDINGS,
            "Key of encrypted recordings",
            "Opens recordings that are encrypted; without it they can never be heard again.",
            Shape::Made,
            Trial::Never("it is TonnyTray's own"),
            &[],
        )
    },
];

/// The key of encrypted recordings, which TonnyTray makes itself.
pub const RECORDINGS: &str = "recordings";

/// Every kind, in the order they are shown.
pub fn all() -> &'static [Kind] {
    KINDS
}

/// The kind of that id. `ELEVENLABS_API_KEY`, `elevenlabs.api_key` and `elevenlabs-key` mean `elevenlabs` too.
pub fn kind(name: &str) -> Result<&'static Kind, Problem> {
    let plain = name.to_ascii_lowercase().replace(['_', '.', ' '], "-");
    let short = ["-api-key", "-key", "-token"].iter().find_map(|end| plain.strip_suffix(end));
    let found = |id: &str| KINDS.iter().find(|kind| kind.id == id);
    found(&plain)
        .or_else(|| short.and_then(found))
        .ok_or_else(|| Problem::with(Code::SecretUnknown, format!("It was called {:?}", clipped(name))))
}

/// Somebody may give the value where the name belongs: no more than a name's length of it is said back.
fn clipped(name: &str) -> String {
    const LONGEST_NAME: usize = 24;
    if name.chars().count() <= LONGEST_NAME { name.to_owned() } else { "…".to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn rows_are_unique_and_complete() {
        let ids: HashSet<_> = KINDS.iter().map(|kind| kind.id).collect();
        assert_eq!(ids.len(), KINDS.len());
        let pointers: Vec<_> = KINDS.iter().flat_map(|kind| kind.old).collect();
        assert_eq!(pointers.iter().collect::<HashSet<_>>().len(), pointers.len());
        for kind in KINDS {
            assert!(kind.purpose.ends_with('.') && !kind.label.is_empty(), "{}", kind.id);
            assert!(!kind.readers.is_empty(), "{} could never be used", kind.id);
            assert!(kind.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            if let Trial::Get { url, .. } = kind.trial {
                assert!(url.starts_with("https://"), "{url}");
            }
        }
    }

    #[test]
    fn every_provider_of_language_models_has_its_kind() {
        let providers = tonny_egress::provider::Providers::bundled().expect("data");
        let wanted: HashSet<_> = providers.iter().filter_map(|provider| provider.secret.as_deref()).collect();
        let missing: Vec<_> = wanted.iter().filter(|id| KINDS.iter().all(|kind| kind.id != **id)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn names_are_found_as_people_write_them() {
        for name in ["elevenlabs", "ELEVENLABS_API_KEY", "elevenlabs.api_key", "elevenlabs-key"] {
            assert_eq!(kind(name).expect(name).id, "elevenlabs");
        }
        assert_eq!(kind("n8n_webhook").expect("found").id, "n8n-webhook");
        let problem = kind("sk-ant-somebody-mixed-up-name-and-value").expect_err("unknown");
        assert!(problem.is(Code::SecretUnknown) && !problem.message.contains("ant"), "{problem}");
    }
}
