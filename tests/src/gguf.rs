//! Files of language models that are whole and as small as they can be: they can be taken in and looked at, not talked to.

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn text_key(out: &mut Vec<u8>, key: &str, value: &str) {
    text(out, key);
    out.extend(8_u32.to_le_bytes());
    text(out, value);
}

fn number_key(out: &mut Vec<u8>, key: &str, value: u32) {
    text(out, key);
    out.extend(4_u32.to_le_bytes());
    out.extend(value.to_le_bytes());
}

/// A model of two layers with one small tensor, as llama.cpp's converter lays it out.
pub fn gguf(architecture: &str, kv_heads: &[u32]) -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(3_u32.to_le_bytes());
    out.extend(1_u64.to_le_bytes());
    out.extend(7_u64.to_le_bytes());
    text_key(&mut out, "general.architecture", architecture);
    text_key(&mut out, "general.name", "Tiny");
    number_key(&mut out, &format!("{architecture}.block_count"), 2);
    number_key(&mut out, &format!("{architecture}.embedding_length"), 64);
    number_key(&mut out, &format!("{architecture}.attention.head_count"), 4);
    let key = format!("{architecture}.attention.head_count_kv");
    match kv_heads {
        [one] => number_key(&mut out, &key, *one),
        each => {
            text(&mut out, &key);
            out.extend([9_u32, 4].iter().flat_map(|number| number.to_le_bytes()));
            out.extend((each.len() as u64).to_le_bytes());
            out.extend(each.iter().flat_map(|number| number.to_le_bytes()));
        }
    }
    text(&mut out, "tokenizer.ggml.tokens");
    out.extend([9_u32, 8].iter().flat_map(|number| number.to_le_bytes()));
    out.extend(2_u64.to_le_bytes());
    text(&mut out, "a");
    text(&mut out, "b");
    text(&mut out, "token_embd.weight");
    out.extend(2_u32.to_le_bytes());
    out.extend([8_u64, 4].iter().flat_map(|number| number.to_le_bytes()));
    out.extend(0_u32.to_le_bytes());
    out.extend(0_u64.to_le_bytes());
    out.resize(out.len().next_multiple_of(32), 0);
    out.extend([1; 8 * 4 * 4]);
    out
}
