//! The difference between what is deployed and what would be, in words.

use serde_json::Value as Json;

use crate::account::{Account, Bucket, Fault, Progress, Refusal as _};
use crate::deploy::{Action, Change, DeployError, Fate, Order, Proposal, Replacement, propose};

/// What deploying would do to data.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Data {
    /// There is none, or it stays.
    Safe,
    /// It may be lost, depending on what is known only then.
    InDanger,
    /// It is lost.
    Lost,
}

/// What happens to a resource, in a few words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// `+` is new, `~` changes, `±` is replaced, `-` goes, `?` is another.
    pub sign: char,
    /// The id in the template.
    pub id: String,
    /// The type.
    pub kind: String,
    /// The rest of the sentence that begins with the id.
    pub words: String,
    /// What happens to its data.
    pub data: Data,
}

/// Says what a change does.
pub fn line(change: &Change) -> Line {
    let data = data(change);
    let replaced = change.replacement != Replacement::Never && change.action == Action::Modify;
    let sign = match change.action {
        Action::Add => '+',
        Action::Modify if replaced => '±',
        Action::Modify => '~',
        Action::Remove => '-',
        Action::Other => '?',
    };
    let mut words = match (change.action, change.replacement) {
        (Action::Add, _) => "is added".to_owned(),
        (Action::Remove, _) => "is removed".to_owned(),
        (Action::Other, _) => "is adopted or not known yet".to_owned(),
        (Action::Modify, Replacement::Never) => format!("changes: {}", list(&change.changed)),
        (Action::Modify, Replacement::Perhaps) => {
            format!("may be replaced, for {} may change", list(&change.recreating))
        }
        (Action::Modify, Replacement::Always) => {
            format!("is replaced, for {} cannot be changed", list(&change.recreating))
        }
    };
    if change.action == Action::Remove || replaced {
        words.push_str(match (data, change.fate) {
            (_, Fate::Retained) => "; the old one stays in the account",
            (_, Fate::Copied) => "; a copy of the old one is kept",
            (Data::Lost, _) => "; ITS DATA IS LOST",
            (Data::InDanger, _) => "; ITS DATA MAY BE LOST",
            (Data::Safe, _) => "",
        });
    }
    Line { sign, id: change.id.clone(), kind: change.kind.clone(), words, data }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "something".to_owned() } else { names.join(", ") }
}

/// What a change does to data.
fn data(change: &Change) -> Data {
    let goes = match (change.action, change.replacement) {
        (Action::Remove, _) | (Action::Modify, Replacement::Always) => Data::Lost,
        (Action::Modify, Replacement::Perhaps) => Data::InDanger,
        (Action::Modify, Replacement::Never) | (Action::Add | Action::Other, _) => Data::Safe,
    };
    let keeps = matches!(change.fate, Fate::Retained | Fate::Copied);
    if !keeps && HOLD_DATA.contains(&change.kind.as_str()) { goes } else { Data::Safe }
}

/// What holds things that nobody can make again.
const HOLD_DATA: [&str; 9] = [
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret",
];

/// How many are added, changed, replaced and removed.
pub fn summary(changes: &[Change]) -> String {
    let lines: Vec<Line> = changes.iter().map(line).collect();
    let parts: Vec<String> =
        [('+', "added"), ('~', "changed"), ('±', "replaced"), ('-', "removed"), ('?', "otherwise")]
            .into_iter()
            .filter_map(|(sign, word)| {
                let count = lines.iter().filter(|line| line.sign == sign).count();
                (count > 0).then(|| format!("{count} {word}"))
            })
            .collect();
    if parts.is_empty() { "nothing changes".to_owned() } else { parts.join(", ") }
}

/// Asks what deploying would change, and leaves everything as it is.
pub async fn diff(
    account: &Account,
    order: &Order,
    bucket: &Bucket,
    progress: &dyn Progress,
) -> Result<Vec<Change>, DeployError> {
    match propose(account, order, bucket, progress).await? {
        Proposal::Unchanged(_) => Ok(Vec::new()),
        Proposal::Changes(set) => {
            let changes = set.changes().to_vec();
            set.discard(account).await?;
            Ok(changes)
        }
    }
}

/// The template that a stack was deployed with; of one that is not JSON, nothing.
pub(crate) async fn deployed(account: &Account, stack: &str) -> Result<Json, Fault> {
    let get = account.cloudformation.get_template().stack_name(stack).send().await;
    let body = get.refused("CloudFormation", "for the deployed template")?.template_body;
    Ok(serde_json::from_str(&body.unwrap_or_default()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: Action, replacement: Replacement, kind: &str, fate: Fate) -> Change {
        Change {
            action,
            id: "Sessions".to_owned(),
            kind: kind.to_owned(),
            physical: None,
            replacement,
            fate,
            changed: vec!["KeySchema".to_owned(), "Tags".to_owned()],
            recreating: vec!["KeySchema".to_owned()],
        }
    }

    #[test]
    fn lost_data_is_marked() {
        let table = "AWS::DynamoDB::Table";
        for (action, replacement, kind, fate, expected) in [
            (Action::Add, Replacement::Never, table, Fate::Unsaid, "+ is added"),
            (Action::Modify, Replacement::Never, table, Fate::Unsaid, "~ changes: KeySchema, Tags"),
            (
                Action::Modify,
                Replacement::Always,
                table,
                Fate::Deleted,
                "± is replaced, for KeySchema cannot be changed; ITS DATA IS LOST",
            ),
            (
                Action::Modify,
                Replacement::Perhaps,
                table,
                Fate::Unsaid,
                "± may be replaced, for KeySchema may change; ITS DATA MAY BE LOST",
            ),
            (
                Action::Modify,
                Replacement::Always,
                table,
                Fate::Retained,
                "± is replaced, for KeySchema cannot be changed; the old one stays in the account",
            ),
            (
                Action::Remove,
                Replacement::Never,
                table,
                Fate::Unsaid,
                "- is removed; ITS DATA IS LOST",
            ),
            (
                Action::Remove,
                Replacement::Never,
                table,
                Fate::Copied,
                "- is removed; a copy of the old one is kept",
            ),
            (Action::Remove, Replacement::Never, "AWS::IAM::Role", Fate::Deleted, "- is removed"),
        ] {
            let line = line(&change(action, replacement, kind, fate));
            assert_eq!(format!("{} {}", line.sign, line.words), expected);
        }
    }

    #[test]
    fn changes_are_counted() {
        let table = "AWS::DynamoDB::Table";
        let add = change(Action::Add, Replacement::Never, table, Fate::Unsaid);
        let replace = change(Action::Modify, Replacement::Always, table, Fate::Unsaid);
        let said = summary(&[add.clone(), replace, add]);
        assert_eq!(said, "2 added, 1 replaced");
        assert_eq!(summary(&[]), "nothing changes");
    }
}
