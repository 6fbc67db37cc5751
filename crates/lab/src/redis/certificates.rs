//! Certificates of a server on loopback and of the authority that signed them.

use crate::failure::Failure;
use crate::folder::Folder;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::PathBuf;

/// The files of a server's certificate, in PEM.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The certificate of the authority, which clients have to trust.
    pub authority: PathBuf,
    /// The server's certificate, for 127.0.0.1 and localhost.
    pub certificate: PathBuf,
    /// The server's private key.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes an authority and a certificate that it signs, in `folder`.
    pub fn make(folder: &Folder) -> Result<Self, Failure> {
        let failed = |error: rcgen::Error| Failure::new(format!("no certificate: {error}"));
        let mut authority = CertificateParams::new(Vec::new()).map_err(failed)?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own_key = KeyPair::generate().map_err(failed)?;
        let authority = CertifiedIssuer::self_signed(authority, own_key).map_err(failed)?;
        let key = KeyPair::generate().map_err(failed)?;
        let names = ["127.0.0.1".into(), "localhost".into()];
        let server = CertificateParams::new(names).map_err(failed)?;
        let server = server.signed_by(&key, &authority).map_err(failed)?;
        Ok(Self {
            authority: folder.write("authority.pem", &authority.pem())?,
            certificate: folder.write("certificate.pem", &server.pem())?,
            key: folder.write("key.pem", &key.serialize_pem())?,
        })
    }
}
