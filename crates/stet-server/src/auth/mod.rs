//! Tokens: making them with the server's own key, and telling good ones from bad ones. Never who has an account.

mod key;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use stet_protocol::message::AuthFailure;

pub use key::KeyError;
use key::SigningKey;

use crate::core::{Claims, Verify};

/// Who issues this server's own tokens; its accounts are kept under this name.
pub const ISSUER: &str = "stet-server";
/// Whom they are for.
const AUDIENCE: &str = "stet";
/// How far another clock may be ahead: a token made on another machine this moment is good.
const LEEWAY_MS: i64 = 60_000;

/// What a token carries. Times are in seconds, as JWT has them.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// The server's own key: makes tokens and verifies them. One algorithm, whatever a token's header says.
pub struct OwnTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl OwnTokens {
    /// The key in this folder, made if there is none.
    ///
    /// # Errors
    /// When the key's file can't be read or written.
    pub fn open(data: &std::path::Path) -> Result<Self, KeyError> {
        Ok(Self::new(&key::load_or_make(data)?))
    }

    fn new(key: &SigningKey) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Compared below with the server's own time, which a simulation passes in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            encoding: EncodingKey::from_ed_der(&key.pkcs8()),
            decoding: DecodingKey::from_ed_der(&key.public()),
            validation,
        }
    }

    /// A token for an account, good from now for so long. Times in milliseconds.
    ///
    /// # Errors
    /// When the key is no good.
    pub fn make(&self, subject: &str, now: i64, ttl_ms: i64) -> Result<String, jsonwebtoken::errors::Error> {
        let seconds = now.div_euclid(1000);
        let payload = Payload {
            iss: ISSUER.to_owned(),
            sub: subject.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: seconds,
            nbf: seconds,
            exp: now.saturating_add(ttl_ms).div_euclid(1000),
        };
        encode(&Header::new(Algorithm::EdDSA), &payload, &self.encoding)
    }
}

impl Verify for OwnTokens {
    fn verify(&self, token: &str, now: i64) -> Result<Claims, AuthFailure> {
        let payload = decode::<Payload>(token, &self.decoding, &self.validation)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidAudience => AuthFailure::WrongAudience,
                _ => AuthFailure::InvalidToken,
            })?
            .claims;
        let expires_at = payload.exp.saturating_mul(1000);
        if now >= expires_at {
            return Err(AuthFailure::TokenExpired);
        }
        if payload.nbf.saturating_mul(1000) > now.saturating_add(LEEWAY_MS) {
            return Err(AuthFailure::InvalidToken);
        }
        Ok(Claims { issuer: payload.iss, subject: payload.sub, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn tokens() -> OwnTokens {
        OwnTokens::new(&SigningKey::from_seed([7; 32]))
    }

    fn signed(change: impl FnOnce(&mut Payload), header: &Header) -> String {
        let mut payload = Payload {
            iss: ISSUER.to_owned(),
            sub: "maria".to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: NOW / 1000,
            nbf: NOW / 1000,
            exp: NOW / 1000 + 60,
        };
        change(&mut payload);
        encode(header, &payload, &tokens().encoding).unwrap()
    }

    #[test]
    fn a_token_is_good_until_it_runs_out() {
        let token = tokens().make("maria", NOW, 60_000).unwrap();
        let claims = tokens().verify(&token, NOW).unwrap();
        assert_eq!((claims.subject.as_str(), claims.expires_at), ("maria", NOW + 60_000));
        assert!(tokens().verify(&token, NOW + 59_999).is_ok());
        assert_eq!(tokens().verify(&token, NOW + 60_000), Err(AuthFailure::TokenExpired));
    }

    #[test]
    fn a_token_of_another_issuer_audience_key_or_time_is_refused() {
        let own = Header::new(Algorithm::EdDSA);
        let verify = |token: &str| tokens().verify(token, NOW).unwrap_err();
        assert_eq!(verify(&signed(|payload| payload.iss = "other".to_owned(), &own)), AuthFailure::InvalidToken);
        assert_eq!(verify(&signed(|payload| payload.aud = "other".to_owned(), &own)), AuthFailure::WrongAudience);
        assert_eq!(verify(&signed(|payload| payload.nbf += 3600, &own)), AuthFailure::InvalidToken);
        let other = OwnTokens::new(&SigningKey::from_seed([8; 32]));
        assert_eq!(verify(&other.make("maria", NOW, 60_000).unwrap()), AuthFailure::InvalidToken);
        assert_eq!(verify("no token at all"), AuthFailure::InvalidToken);
    }

    #[test]
    fn the_algorithm_is_the_servers_choice_and_never_the_tokens() {
        let symmetric = EncodingKey::from_secret(&SigningKey::from_seed([7; 32]).public());
        let payload = Payload {
            iss: ISSUER.to_owned(),
            sub: "maria".to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: 0,
            nbf: 0,
            exp: NOW / 1000 + 60,
        };
        let token = encode(&Header::new(Algorithm::HS256), &payload, &symmetric).unwrap();
        assert_eq!(tokens().verify(&token, NOW), Err(AuthFailure::InvalidToken));
        // {"alg":"none"} with an empty signature.
        let body = token.split('.').nth(1).unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
        assert_eq!(tokens().verify(&unsigned, NOW), Err(AuthFailure::InvalidToken));
    }
}
