//! The VPC, if functions are to be in one.

use crate::aws::ec2;
use crate::aws::ec2::security_group::Egress;
use crate::construct::grant::{allow, from_function};
use crate::construct::{Grant, Scope};
use crate::core::{Condition, Handle, InvalidTemplate, Resource, Statement, Value};
use crate::sub;

/// What Lambda needs to attach a function to subnets, on whatever it needs for that.
const ATTACH: &[&str] = &[
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
];
/// What it needs to look around. It knows no resources.
const LOOK: &[&str] = &["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];
/// HTTPS: all that functions ask of others.
const HTTPS: i64 = 443;

/// Where functions are, if they are in a VPC.
#[derive(Clone, Debug)]
pub struct Network {
    /// Whether they are in one.
    pub used: Condition,
    /// The subnets.
    pub subnets: Value<Vec<String>>,
    /// What is let out.
    pub group: Handle<ec2::SecurityGroup>,
}

impl Network {
    /// Puts a security group into the template that lets HTTPS out and nothing in.
    pub fn add(
        scope: &mut Scope<'_>,
        used: &Condition,
        vpc: &Value<String>,
        subnets: Value<Vec<String>>,
    ) -> Result<Self, InvalidTemplate> {
        let https = Egress::new("tcp")
            .cidr_ip("0.0.0.0/0")
            .from_port(HTTPS)
            .to_port(HTTPS)
            .description("HTTPS to the endpoints of AWS");
        let group = ec2::SecurityGroup::new("Functions of the MCP gateway: nothing in, HTTPS out")
            .vpc_id(vpc)
            .security_group_egress([https])
            .tags(scope.tag_list())
            .only_if(used);
        let group = scope.template.add("McpSecurityGroup", group)?;
        Ok(Self { used: used.clone(), subnets, group })
    }

    /// To be in it. Lambda attaches functions with their own roles; that is denied to what runs in
    /// the functions, whose ARNs are given.
    pub fn grant(&self, functions: &[Value<String>]) -> Grant {
        let own = ["network-interface", "security-group", "subnet"].map(|kind| {
            sub!(
                "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:${kind}/*",
                kind = kind
            )
        });
        let lambda = [allow(&[ATTACH]).on_each(own), allow(&[LOOK]).on_everything()];
        let denied = functions.iter().map(|function| {
            let all = ATTACH.iter().chain(LOOK).copied();
            from_function(Statement::deny(all).on_everything(), function)
        });
        let statements: Vec<Statement> = lambda.into_iter().chain(denied).collect();
        Grant::new("Network", statements).only_if(&self.used)
    }
}
