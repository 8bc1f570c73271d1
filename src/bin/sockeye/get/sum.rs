//! [`Sum`]: a SHA-256.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
    str::FromStr,
};

use sha2::{Digest, Sha256};

/// What is read at once.
const PIECE: usize = 64 * 1024;

/// The SHA-256 of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum([u8; 32]);

impl Sum {
    /// That of what is there.
    pub(super) fn of(path: &Path) -> io::Result<Sum> {
        let (mut file, mut hasher, mut piece) = (File::open(path)?, Sha256::new(), vec![0; PIECE]);
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(Sum(hasher.finalize().into())),
                Ok(n) => hasher.update(&piece[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl FromStr for Sum {
    type Err = String;

    fn from_str(text: &str) -> Result<Sum, String> {
        let wrong = || match text.len() {
            32 | 40 | 96 | 128 if text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                format!(
                    "a SHA-256 has 64 hexadecimal digits; of {} it is another kind of checksum",
                    text.len()
                )
            }
            _ => "a SHA-256 has 64 hexadecimal digits".to_owned(),
        };
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut sum = [0; 32];
        for (byte, digits) in sum.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Sum(sum))
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
