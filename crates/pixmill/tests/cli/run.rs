//! Running the binary.

use std::{
    ffi::OsStr,
    process::{Command, Output},
};

/// The binary without the environment of the tests.
pub fn pixmill<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pixmill"));
    command.env_clear().args(arguments);
    command
}

/// The output of a run.
#[derive(Debug)]
pub struct Told {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it ended by itself"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs it until it exits.
pub fn told<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Told {
    pixmill(arguments).output().unwrap().into()
}

/// Runs it until it exits, which must be with success. Returns standard output.
#[track_caller]
pub fn out<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> String {
    let told = told(arguments);
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{told:?}");
    told.out
}

/// Runs it until it exits, which must be with a failure. Returns standard error.
#[track_caller]
pub fn err<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> String {
    failed(arguments, 1)
}

/// Runs it until it exits, which must be because of its command line or configuration. Returns standard error.
#[track_caller]
pub fn refused<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> String {
    failed(arguments, 2)
}

#[track_caller]
fn failed<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>, code: i32) -> String {
    let told = told(arguments);
    assert_eq!((told.code, told.out.as_str()), (code, ""), "{told:?}");
    assert!(told.err.starts_with("error: "), "{}", told.err);
    told.err
}
