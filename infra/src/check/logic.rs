//! What conditions say of each other, by trying all truth values of what they compare.

use indexmap::IndexMap;

use crate::template::Predicate;
use crate::value::node::{Intrinsic, Node, Operator};

/// If two conditions depend on more comparisons than these, nothing is concluded: there are two cases
/// for each.
const MAX_COMPARISONS: usize = 12;

/// The conditions of a template.
pub(super) struct Logic<'a> {
    conditions: &'a IndexMap<String, Predicate>,
}

impl<'a> Logic<'a> {
    pub(super) fn new(conditions: &'a IndexMap<String, Predicate>) -> Self {
        Self { conditions }
    }

    /// Whether a condition holds wherever all of these do, or do not.
    pub(super) fn implies(&self, assumed: &[(&str, bool)], condition: &str) -> bool {
        let mut cases = Cases { conditions: self.conditions, comparisons: Vec::new() };
        for name in assumed.iter().map(|(name, _)| *name).chain([condition]) {
            cases.collect_named(name, 0);
        }
        if cases.comparisons.len() > MAX_COMPARISONS {
            return true;
        }
        (0..1_u32 << cases.comparisons.len()).all(|case| {
            let possible = cases.is_possible(case)
                && assumed.iter().all(|(name, holds)| cases.holds(name, case, 0) == Some(*holds));
            !possible || cases.holds(condition, case, 0) != Some(false)
        })
    }
}

/// What some conditions compare, each of which equals or does not. A case has a bit for each.
struct Cases<'a> {
    conditions: &'a IndexMap<String, Predicate>,
    comparisons: Vec<&'a Node>,
}

impl<'a> Cases<'a> {
    fn collect_named(&mut self, name: &str, depth: usize) {
        // Conditions that refer to themselves are found elsewhere.
        if depth <= self.conditions.len()
            && let Some(predicate) = self.conditions.get(name)
        {
            self.collect(predicate.node(), depth);
        }
    }

    fn collect(&mut self, node: &'a Node, depth: usize) {
        match node.as_intrinsic() {
            Some(Intrinsic::Logic { operator: Operator::Equals, .. }) => {
                if !self.comparisons.contains(&node) {
                    self.comparisons.push(node);
                }
            }
            Some(Intrinsic::Logic { operands, .. }) => {
                for operand in operands {
                    self.collect(operand, depth);
                }
            }
            Some(Intrinsic::Condition(name)) => self.collect_named(name, depth + 1),
            Some(_) | None => {}
        }
    }

    /// One value does not equal two literals.
    fn is_possible(&self, case: u32) -> bool {
        let sides = |index: usize| match self.comparisons[index].as_intrinsic() {
            Some(Intrinsic::Logic { operands, .. }) => operands.split_first(),
            Some(_) | None => None,
        };
        let held: Vec<usize> =
            (0..self.comparisons.len()).filter(|index| case & (1 << index) != 0).collect();
        !held.iter().any(|one| {
            held.iter().any(|other| match (sides(*one), sides(*other)) {
                (Some((left, [Node::Text(one)])), Some((right, [Node::Text(other)]))) => {
                    left == right && one != other
                }
                (Some(_) | None, Some(_) | None) => false,
            })
        })
    }

    /// Whether a condition holds in a case; nothing if it is unknown or refers to itself.
    fn holds(&self, name: &str, case: u32, depth: usize) -> Option<bool> {
        if depth > self.conditions.len() {
            return None;
        }
        self.evaluate(self.conditions.get(name)?.node(), case, depth)
    }

    fn evaluate(&self, node: &Node, case: u32, depth: usize) -> Option<bool> {
        match node.as_intrinsic()? {
            Intrinsic::Condition(name) => self.holds(name, case, depth + 1),
            Intrinsic::Logic { operator, operands } => {
                let mut all = operands.iter().map(|operand| self.evaluate(operand, case, depth));
                match operator {
                    Operator::And => all.try_fold(true, |both, one| Some(both && one?)),
                    Operator::Or => all.try_fold(false, |either, one| Some(either || one?)),
                    Operator::Not => Some(!all.next()??),
                    Operator::Equals => {
                        let index = self.comparisons.iter().position(|known| *known == node)?;
                        Some(case & (1 << index) != 0)
                    }
                    Operator::Contains | Operator::EachMemberEquals | Operator::EachMemberIn => {
                        None
                    }
                }
            }
            Intrinsic::Ref(_)
            | Intrinsic::GetAtt { .. }
            | Intrinsic::Sub { .. }
            | Intrinsic::If { .. }
            | Intrinsic::FindInMap { .. }
            | Intrinsic::Select { .. }
            | Intrinsic::Split { .. }
            | Intrinsic::Join { .. }
            | Intrinsic::Base64(_)
            | Intrinsic::ImportValue(_) => None,
        }
    }
}
