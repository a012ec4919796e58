//! New inputs from old ones: a few small changes each, the same for the same seed.

/// Makes inputs out of a corpus.
pub struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    max_bytes: usize,
    state: u64,
}

/// Bytes that parsers are about to look for.
const TELLING: &[u8] = b"\0\t\n\r \"%&'()*+,-./0:;<=>?@[\\]^_{|}~\x7f\x80\xc3\xed\xf4\xff";

impl<'a> Mutator<'a> {
    pub fn new(corpus: &'a [Vec<u8>], max_bytes: usize, seed: u64) -> Self {
        Self { corpus, max_bytes, state: seed }
    }

    /// The next input: one of the corpus, with one to four changes.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.one_of_the_corpus();
        for _ in 0..=self.below(4) {
            self.change(&mut input);
        }
        input.truncate(self.max_bytes);
        input
    }

    fn one_of_the_corpus(&mut self) -> Vec<u8> {
        let index = self.below(self.corpus.len());
        self.corpus[index].clone()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let start = self.below(input.len() + 1);
        let length = self.below(16).min(input.len() - start);
        let range = start..start + length;
        match self.below(7) {
            0 => drop(input.drain(range)),
            1 => {
                let again = input[range].to_vec();
                let place = self.below(input.len() + 1);
                input.splice(place..place, again);
            }
            2 => {
                let telling = TELLING[self.below(TELLING.len())];
                input.insert(start, telling);
            }
            3 if length > 0 => input[start] = TELLING[self.below(TELLING.len())],
            4 if length > 0 => input[start] ^= 1 << self.below(8),
            5 if length > 0 => {
                let times = self.below(400);
                let again = input[range].repeat(times);
                input.splice(start..start, again);
            }
            _ => {
                // The end of another.
                let other = self.one_of_the_corpus();
                let from = self.below(other.len() + 1);
                input.truncate(start);
                input.extend_from_slice(&other[from..]);
            }
        }
    }

    /// Less than `bound`. (SplitMix64.)
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}
