//! A key that verifies signatures: of exactly one algorithm, whatever a token says.

use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

use crate::project::access_settings::Algorithm;

/// Shortest secret that is worth its name: as long as the hash (RFC 7518, 3.2).
const SHORTEST_SECRET: usize = 32;

/// A key.
#[derive(Clone)]
pub struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256([u8; 65]),
    Ed25519([u8; 32]),
    Secret(hmac::Key),
}

impl Key {
    /// An RSA key of 2048 to 8192 bits, by its modulus and exponent.
    pub(super) fn rsa(id: Option<String>, n: Vec<u8>, e: Vec<u8>) -> Option<Self> {
        let bits = n.iter().skip_while(|byte| **byte == 0).count() * 8;
        let fits = (2048..=8192).contains(&bits) && !e.is_empty();
        fits.then_some(Self { id, material: Material::Rsa { n, e } })
    }

    /// A point of P-256.
    pub(super) fn p256(id: Option<String>, x: &[u8], y: &[u8]) -> Option<Self> {
        let point = [&[4], x, y].concat();
        let fits = x.len() == 32 && y.len() == 32;
        Some(Self { id, material: Material::P256(point.try_into().ok().filter(|_| fits)?) })
    }

    /// A point of Ed25519.
    pub(super) fn ed25519(id: Option<String>, x: &[u8]) -> Option<Self> {
        Some(Self { id, material: Material::Ed25519(x.try_into().ok()?) })
    }

    /// A secret for HS256; the error says how long it must be.
    pub fn secret(secret: &str) -> Result<Self, String> {
        if secret.len() < SHORTEST_SECRET {
            return Err(format!("the secret for HS256 must have {SHORTEST_SECRET} bytes at least"));
        }
        Ok(Self { id: None, material: Material::Secret(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())) })
    }

    fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::RS256,
            Material::P256(_) => Algorithm::ES256,
            Material::Ed25519(_) => Algorithm::EdDSA,
            Material::Secret(_) => Algorithm::HS256,
        }
    }

    /// Whether a token of this algorithm that names this key may be verified with it. A secret has no id.
    pub(super) fn fits(&self, algorithm: Algorithm, id: Option<&str>) -> bool {
        let is_secret = matches!(self.material, Material::Secret(_));
        self.algorithm() == algorithm && (is_secret || id.is_none() || self.id.as_deref() == id)
    }

    /// Whether it signed this.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { n, e } => RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() }
                .verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
                .is_ok(),
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
            }
            Material::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(signed, signature).is_ok(),
            // In constant time.
            Material::Secret(key) => hmac::verify(key, signed, signature).is_ok(),
        }
    }
}
