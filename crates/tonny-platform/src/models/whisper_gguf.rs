//! Turns a faster-whisper folder into the GGUF that the speech worker loads, with a window of so many seconds.
//!
//! The weights stay what they are; the names become transcribe-cpp's. Whisper's encoder always works on its whole window,
//! so a shorter one costs less: its position table is cut to 50 positions a second, and the front end's frames with it.

use std::ops::Range;
use std::path::Path;

use super::ct2::Ct2Model;
use super::fault::ModelFault;
use super::gguf::{GgufWriter, Numbers, TensorShape, Value};
use super::mel;
use super::whisper_tokens::Tokens;

/// The encoder halves the front end's 100 frames a second.
const POSITIONS_A_SECOND: usize = 50;
/// Samples between two spectra: 10 ms.
const HOP: u32 = 160;
/// Whisper's attention heads are 64 wide in every size.
const HEAD: usize = 64;

/// What a conversion made.
pub struct Converted {
    /// Size in bytes.
    pub bytes: u64,
    /// Hex SHA-256.
    pub sha256: String,
}

/// What a CTranslate2 folder holds, open for one or more conversions.
pub struct WhisperFolder {
    model: Ct2Model,
    tokens: Tokens,
    state: usize,
    mels: usize,
    vocabulary: usize,
    encoder_layers: usize,
    decoder_layers: usize,
}

/// Where a tensor's numbers come from.
enum Origin {
    Weight { name: String, rows: Range<usize> },
    Made(Vec<f32>),
}

/// The tensors of one output, in the order they are written.
#[derive(Default)]
struct Plan {
    shapes: Vec<TensorShape>,
    origins: Vec<Origin>,
}

impl WhisperFolder {
    /// Opens `model.bin`, `tokenizer.json` and `config.json`, and checks what must fit together.
    pub fn open(folder: &Path) -> Result<Self, ModelFault> {
        let model = Ct2Model::open(&folder.join("model.bin"))?;
        let embedding = model.dims("decoder/embeddings/weight")?;
        let &[vocabulary, state] = embedding else { return Err(model.missing("decoder/embeddings/weight")) };
        let &[_, mels, _] = model.dims("encoder/conv1/weight")? else {
            return Err(model.missing("encoder/conv1/weight"));
        };
        let tokens = Tokens::read(folder, vocabulary)?;
        let (encoder_layers, decoder_layers) = (model.layers("encoder"), model.layers("decoder"));
        if encoder_layers == 0 || decoder_layers == 0 || state % HEAD != 0 {
            return Err(ModelFault::broken(model.path(), "the layers are not those of a Whisper model"));
        }
        Ok(Self { model, tokens, state, mels, vocabulary, encoder_layers, decoder_layers })
    }

    /// ISO 639-1 codes.
    pub fn languages(&self) -> Vec<String> {
        self.tokens.languages.clone()
    }

    /// Writes the GGUF with a window of `seconds`.
    pub fn convert(&mut self, dest: &Path, seconds: u32) -> Result<Converted, ModelFault> {
        let positions = seconds as usize * POSITIONS_A_SECOND;
        let available = self.model.dims("encoder/position_encodings/encodings")?[0];
        if positions == 0 || positions > available {
            return Err(ModelFault::broken(self.model.path(), "the window is longer than the model's"));
        }
        let plan = self.plan(positions)?;
        let values = self.values(seconds, positions)?;
        let mut writer = GgufWriter::create(dest, &values, &plan.shapes)?;
        for (shape, origin) in plan.shapes.iter().zip(plan.origins) {
            let bytes = match (origin, shape.numbers) {
                (Origin::Weight { name, rows }, Numbers::F16) => self.model.half_rows(&name, rows)?,
                (Origin::Weight { name, rows }, Numbers::F32) => self.model.float_rows(&name, rows)?,
                (Origin::Made(values), _) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            };
            writer.tensor(&bytes)?;
        }
        let (bytes, sha256) = writer.finish()?;
        Ok(Converted { bytes, sha256 })
    }

    fn plan(&self, positions: usize) -> Result<Plan, ModelFault> {
        let mut plan = Plan::default();
        let (model, state) = (&self.model, self.state);
        let rows = 0..positions;
        plan.rows(
            model,
            "enc.pos_emb.weight",
            "encoder/position_encodings/encodings",
            rows,
            Some(Numbers::F32),
        )?;
        plan.linear(model, "enc.conv.0", "encoder/conv1")?;
        plan.linear(model, "enc.conv.1", "encoder/conv2")?;
        for layer in 0..self.encoder_layers {
            let (to, from) = (format!("enc.blocks.{layer}"), format!("encoder/layer_{layer}"));
            plan.norm(model, &format!("{to}.norm_attn"), &format!("{from}/self_attention/layer_norm"))?;
            plan.own_attention(model, &format!("{to}.attn"), &from, state)?;
            plan.feed_forward(model, &to, &from)?;
        }
        for layer in 0..self.decoder_layers {
            let (to, from) = (format!("dec.blocks.{layer}"), format!("decoder/layer_{layer}"));
            plan.norm(model, &format!("{to}.norm_self"), &format!("{from}/self_attention/layer_norm"))?;
            plan.own_attention(model, &format!("{to}.self_attn"), &from, state)?;
            plan.norm(model, &format!("{to}.norm_cross"), &format!("{from}/attention/layer_norm"))?;
            let (cross, theirs) = (format!("{to}.cross_attn"), format!("{from}/attention"));
            plan.split(model, &cross, &format!("{theirs}/linear_0"), &["q"], state)?;
            plan.split(model, &cross, &format!("{theirs}/linear_1"), &["k", "v"], state)?;
            plan.linear(model, &format!("{cross}.out"), &format!("{theirs}/linear_2"))?;
            plan.feed_forward(model, &to, &from)?;
        }
        plan.norm(model, "enc.final_norm", "encoder/layer_norm")?;
        plan.norm(model, "dec.final_norm", "decoder/layer_norm")?;
        let positions = "decoder/position_encodings/encodings";
        plan.weight(model, "dec.pos_emb.weight", positions, Some(Numbers::F32))?;
        plan.weight(model, "dec.token_embd.weight", "decoder/embeddings/weight", None)?;
        plan.made("frontend.mel_filterbank", vec![self.mels, mel::BINS], mel::filters(self.mels));
        plan.made("frontend.window", vec![mel::FFT], mel::window());
        Ok(plan)
    }

    fn values(&self, seconds: u32, positions: usize) -> Result<Vec<(String, Value)>, ModelFault> {
        let mut values = Vec::new();
        let mut put = |key: &str, value: Value| values.push((key.to_owned(), value));
        let text = |text: &str| Value::Text(text.to_owned());
        put("general.architecture", text("whisper"));
        put("stt.variant", text("whisper"));
        let decoder_positions = self.model.dims("decoder/position_encodings/encodings")?[0];
        let encoder = [("num_mel_bins", self.mels), ("max_source_positions", positions)];
        let decoder = [("max_target_positions", decoder_positions), ("vocab_size", self.vocabulary)];
        let sides = [("encoder", self.encoder_layers, encoder), ("decoder", self.decoder_layers, decoder)];
        for (side, layers, own) in sides {
            let (state, heads) = (self.state, self.state / HEAD);
            let shared =
                [("n_layers", layers), ("d_model", state), ("n_heads", heads), ("ffn_dim", 4 * state)];
            for (key, number) in shared.into_iter().chain(own) {
                put(&format!("stt.whisper.{side}.{key}"), Value::U32(number as u32));
            }
            put(&format!("stt.whisper.{side}.activation"), text("gelu"));
        }
        for (key, id) in &self.tokens.special {
            put(&format!("stt.whisper.{key}_token_id"), Value::U32(*id));
        }
        put("stt.whisper.suppress_tokens", Value::Ints(self.tokens.suppressed.clone()));
        put("stt.whisper.begin_suppress_tokens", Value::Ints(self.tokens.suppressed_first.clone()));
        for (key, number) in [
            ("num_mels", self.mels as u32),
            ("sample_rate", mel::SAMPLE_RATE),
            ("n_fft", mel::FFT as u32),
            ("win_length", mel::FFT as u32),
            ("hop_length", HOP),
            ("chunk_length", seconds),
            ("n_samples", seconds * mel::SAMPLE_RATE),
            ("nb_max_frames", seconds * mel::SAMPLE_RATE / HOP),
        ] {
            put(&format!("stt.frontend.{key}"), Value::U32(number));
        }
        for (key, word) in [("type", "mel"), ("window", "hann_periodic"), ("normalize", "whisper_logmel")] {
            put(&format!("stt.frontend.{key}"), text(word));
        }
        put("stt.capability.timestamps", Value::Bool(true));
        put("stt.capability.lang_detect", Value::Bool(self.tokens.multilingual));
        put("stt.capability.translate", Value::Bool(self.tokens.multilingual));
        put("general.languages", Value::Texts(self.tokens.languages.clone()));
        self.tokens.values(&mut put);
        Ok(values)
    }
}

impl Plan {
    fn rows(
        &mut self,
        model: &Ct2Model,
        to: &str,
        from: &str,
        rows: Range<usize>,
        numbers: Option<Numbers>,
    ) -> Result<(), ModelFault> {
        let mut dims = model.dims(from)?.to_vec();
        let fits = dims.first().is_some_and(|all| rows.end <= *all);
        if !fits {
            return Err(model.missing(from));
        }
        dims[0] = rows.len();
        // Tables are halved as the original's published conversions do; single rows cost nothing and stay exact.
        let default = if dims.len() >= 2 { Numbers::F16 } else { Numbers::F32 };
        let numbers = numbers.unwrap_or(default);
        self.shapes.push(TensorShape { name: to.to_owned(), dims, numbers });
        self.origins.push(Origin::Weight { name: from.to_owned(), rows });
        Ok(())
    }

    fn weight(
        &mut self,
        model: &Ct2Model,
        to: &str,
        from: &str,
        numbers: Option<Numbers>,
    ) -> Result<(), ModelFault> {
        let all = model.dims(from)?.first().copied().unwrap_or(0);
        self.rows(model, to, from, 0..all, numbers)
    }

    fn made(&mut self, to: &str, dims: Vec<usize>, values: Vec<f32>) {
        self.shapes.push(TensorShape { name: to.to_owned(), dims, numbers: Numbers::F32 });
        self.origins.push(Origin::Made(values));
    }

    fn norm(&mut self, model: &Ct2Model, to: &str, from: &str) -> Result<(), ModelFault> {
        self.weight(model, &format!("{to}.weight"), &format!("{from}/gamma"), None)?;
        self.weight(model, &format!("{to}.bias"), &format!("{from}/beta"), None)
    }

    fn linear(&mut self, model: &Ct2Model, to: &str, from: &str) -> Result<(), ModelFault> {
        self.weight(model, &format!("{to}.weight"), &format!("{from}/weight"), None)?;
        self.weight(model, &format!("{to}.bias"), &format!("{from}/bias"), None)
    }

    /// CTranslate2 stacks query, key and value in one matrix. Whisper's keys have no bias; the stack carries zeros there.
    fn split(
        &mut self,
        model: &Ct2Model,
        to: &str,
        from: &str,
        parts: &[&str],
        state: usize,
    ) -> Result<(), ModelFault> {
        for (index, part) in parts.iter().enumerate() {
            let rows = index * state..(index + 1) * state;
            self.rows(model, &format!("{to}.{part}.weight"), &format!("{from}/weight"), rows.clone(), None)?;
            if *part != "k" {
                self.rows(model, &format!("{to}.{part}.bias"), &format!("{from}/bias"), rows, None)?;
            }
        }
        Ok(())
    }

    fn own_attention(
        &mut self,
        model: &Ct2Model,
        to: &str,
        from: &str,
        state: usize,
    ) -> Result<(), ModelFault> {
        self.split(model, to, &format!("{from}/self_attention/linear_0"), &["q", "k", "v"], state)?;
        self.linear(model, &format!("{to}.out"), &format!("{from}/self_attention/linear_1"))
    }

    fn feed_forward(&mut self, model: &Ct2Model, to: &str, from: &str) -> Result<(), ModelFault> {
        self.norm(model, &format!("{to}.norm_ffn"), &format!("{from}/ffn/layer_norm"))?;
        self.linear(model, &format!("{to}.ffn.fc1"), &format!("{from}/ffn/linear_0"))?;
        self.linear(model, &format!("{to}.ffn.fc2"), &format!("{from}/ffn/linear_1"))
    }
}
