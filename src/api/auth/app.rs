//! The application where it is the issuer: what the auth routes have at hand.

use std::ops::Deref;

use crate::api::{App, AppState};
use crate::services::Issuer;

/// An application that signs people in. Derefs to [`App`].
#[derive(Clone)]
pub struct AuthApp(AppState);

impl AuthApp {
    /// The same application, if it signs people in.
    pub fn of(app: &AppState) -> Option<Self> {
        app.services.issuer.is_some().then(|| Self(AppState::clone(app)))
    }

    /// What it signs people in with.
    pub fn issuer(&self) -> &Issuer {
        self.services.issuer.as_ref().expect("it was there when this was made, and nobody takes it")
    }
}

impl Deref for AuthApp {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
