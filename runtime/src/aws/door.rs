//! The public door of a function, as its environment says.

use std::sync::Arc;

use crate::aws::documents::HttpDocuments;
use crate::aws::own_role::OwnRole;
use crate::aws::tokens::{SecretName, SecretTokens};
use crate::deployment::variables;
use crate::door::{BearerDoor, Door, OAuthDoor};
use crate::function::configuration::{Configuration, PublicDoor};
use crate::port::Clock;
use crate::system::{SystemClock, SystemIds};

/// The public door, if the function has one. What it needs is fetched when the first caller comes.
pub fn door(configuration: &Configuration, role: &OwnRole) -> Result<Option<Arc<Door>>, String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let door = match &configuration.door {
        None => return Ok(None),
        Some(PublicDoor::Bearer(place)) => {
            let name = variables::BEARER_TOKENS;
            let place = SecretName::parse(place).map_err(|error| format!("{name}: {error}"))?;
            let endpoint = match place {
                SecretName::Parameter(_) => configuration.aws.ssm_endpoint.as_deref(),
                SecretName::Secret(_) => configuration.aws.secrets_endpoint.as_deref(),
            };
            let tokens = SecretTokens::new(place, role.at(endpoint), clock.clone());
            let (name, ids) = (configuration.stack.clone(), SystemIds::default());
            Door::Bearer(Box::new(BearerDoor::new(Arc::new(tokens), name, clock, &ids)))
        }
        Some(PublicDoor::OAuth(settings)) => {
            let documents = Arc::new(HttpDocuments::default());
            Door::OAuth(Box::new(OAuthDoor::new((**settings).clone(), documents, clock)))
        }
    };
    Ok(Some(Arc::new(door)))
}
