use duly::services::passwords::Passwords;

/// `scrypt("correct horse", "2722cc8c746b2e8fdd9d6c6a1009c453", n=16384, r=16, p=1, dklen=64)` of Python's hashlib.
const HORSE: &str = "2722cc8c746b2e8fdd9d6c6a1009c453:56edf2c9c331b4946e792cbd9af8b36d2f0831055d6388d03345bb421617e4ff97f90c58f702729e0540c4a3c574cf920ae9382f305433df19dcf366f3d492fa";
/// The same for "cafe\u{301} ﬁ", which NFKC makes "café fi".
const CAFE: &str = "2722cc8c746b2e8fdd9d6c6a1009c453:0e6ba9d107dc1b5582fb03c1b94cc1293b0effde702ea657414cc376d5f7890c92662bcd32ea0bc331d4d31c2486974114721f26d55ba8258f1142af5b5a421d";

async fn verifies(hash: &str, password: &str) -> bool {
    Passwords::new().verify(Some(hash), password).await.expect("nobody else hashes")
}

#[tokio::test]
async fn a_hash_of_better_auths_verifies() {
    assert!(verifies(HORSE, "correct horse").await);
    for wrong in ["", "correct hors", "Correct horse", "correct horse ", "correct\u{a0}horsf"] {
        assert!(!verifies(HORSE, wrong).await, "{wrong:?}");
    }
}

#[tokio::test]
async fn a_password_is_the_same_however_its_letters_are_composed() {
    for password in ["café fi", "cafe\u{301} ﬁ", "caf\u{e9} \u{fb01}"] {
        assert!(verifies(CAFE, password).await, "{password:?}");
    }
}

#[tokio::test]
async fn a_hash_is_salted_and_of_the_right_form() {
    let passwords = Passwords::new();
    let one = passwords.hash("correct horse").await.unwrap();
    let two = passwords.hash("correct horse").await.unwrap();
    assert_ne!(one, two);
    let (salt, key) = one.split_once(':').unwrap();
    assert_eq!((salt.len(), key.len()), (32, 128));
    let digits = |text: &str| text.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
    assert!(digits(salt) && digits(key));
    assert!(verifies(&one, "correct horse").await && verifies(&two, "correct horse").await);
}

#[tokio::test]
async fn without_a_hash_that_reads_nothing_verifies() {
    assert!(!Passwords::new().verify(None, "correct horse").await.unwrap());
    for hash in
        ["", ":", "salt", "salt:", "salt:zz", "salt:00", &HORSE[..40], &HORSE[..HORSE.len() - 2]]
    {
        assert!(!verifies(hash, "").await, "{hash:?}");
    }
}
