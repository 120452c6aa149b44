//! Who is calling.

use ring::digest::{Context, SHA256};

/// A caller, as verified by whatever stands in front of the gateway.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Principal {
    /// Nobody was asked to prove anything: the local server on loopback.
    #[default]
    Anonymous,
    /// An IAM principal, verified by AWS.
    Iam {
        /// Its ARN; of a role that was assumed, the session's.
        arn: String,
    },
    /// Somebody who may invoke the function directly. AWS does not say who.
    DirectInvoke,
}

impl Principal {
    /// The kind, for tool functions and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Iam { .. } => "iam",
            Self::DirectInvoke => "direct-invoke",
        }
    }

    /// The identity within its kind.
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous | Self::DirectInvoke => "",
            Self::Iam { arn } => arn,
        }
    }

    /// A short digest by which sealed values are bound to the principal.
    pub fn binding(&self) -> [u8; 16] {
        let mut digest = Context::new(&SHA256);
        for part in [self.kind().as_bytes(), b"\0", self.name().as_bytes()] {
            digest.update(part);
        }
        let mut short = [0; 16];
        short.copy_from_slice(&digest.finish().as_ref()[..16]);
        short
    }
}
