//! Whether a fetch of the clipboard is the target's receipt for a paste, or somebody else looking at the clipboard.
//!
//! Pure: what is known about the two programs goes in, yes or no comes out.

/// What is known about the program behind a window id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The client part of the id: one connection to the server.
    pub client: u32,
    /// The process as the server knows it (X-Resource 1.2).
    pub process: Option<u32>,
    /// The process as the window itself says (_NET_WM_PID).
    pub claimed_process: Option<u32>,
    /// The window that stands for the whole program (WM_CLIENT_LEADER).
    pub leader: Option<u32>,
}

impl Program {
    /// Whether both ids belong to one program. Many toolkits fetch the clipboard over a second connection, so the same
    /// connection is enough but not needed.
    pub fn is(&self, other: &Self) -> bool {
        let same = |a: Option<u32>, b: Option<u32>| a.is_some_and(|a| a != 0 && Some(a) == b);
        self.client == other.client
            || same(self.process, other.process)
            || same(self.claimed_process, other.claimed_process)
            || same(self.leader, other.leader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(client: u32, process: u32, claimed: u32, leader: u32) -> Program {
        let known = |value: u32| (value != u32::MAX).then_some(value);
        Program { client, process: known(process), claimed_process: known(claimed), leader: known(leader) }
    }

    #[test]
    fn only_the_same_program_gives_a_receipt() {
        const NO: u32 = u32::MAX;
        let target = program(0x0040_0000, 700, 700, 0x0040_0001);
        let table = [
            (program(0x0040_0000, NO, NO, NO), true, "the same connection"),
            (program(0x0060_0000, 700, NO, NO), true, "a second connection of the same process"),
            (program(0x0060_0000, NO, 700, NO), true, "the same process by its own word"),
            (program(0x0060_0000, NO, NO, 0x0040_0001), true, "the same leader"),
            (program(0x0060_0000, 701, NO, NO), false, "another process: a clipboard history"),
            (program(0x0060_0000, NO, NO, NO), false, "nothing known"),
        ];
        for (requestor, expected, why) in table {
            assert_eq!(requestor.is(&target), expected, "{why}");
        }
        let unknown = program(0x0040_0000, NO, NO, NO);
        assert!(!program(0x0060_0000, NO, NO, NO).is(&unknown), "two unknowns are not one program");
        assert!(!program(1, 0, 0, 0).is(&program(2, 0, 0, 0)), "zero is no process and no window");
    }
}
