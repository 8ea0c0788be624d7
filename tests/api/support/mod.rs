//! What the tests share: the application on a free port, a front end that signs, bytes on a wire.

mod app;
mod http;
mod signed;

pub(crate) use app::{SECRET, TestApp, eventually, server, within};
pub(crate) use http::{Answer, Connection, browse, send};
pub(crate) use signed::{FORM, Signed, XML};
