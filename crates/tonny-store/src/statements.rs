//! A table's statements as constants, and as a list that no statement can be missing from.
//!
//! One test (`plans.rs`) asks SQLite how it would run each of them; a statement written anywhere else is not seen there,
//! so they are all written through this.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $sql;)*

        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

pub(crate) use statements;
