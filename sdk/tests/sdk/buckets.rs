//! The example that counts buckets, against an emulated AWS and against an S3 of many pages.

use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use mcp_lambda_test_support::ministack::{ACCOUNT, Key, Ministack, REGION};
use serde_json::{Value, json};

use crate::examples::Service;
use crate::support::{Server, text};

/// An S3 that has this many pages with this many buckets each.
pub(crate) fn pages(pages: usize, buckets: usize) -> Service {
    Service::script("200 OK", move |before| {
        let name = |number| format!("<Bucket><Name>bucket-{before}-{number}</Name></Bucket>");
        let buckets: String = (0..buckets).map(name).collect();
        let more = before + 1 < pages;
        let token = format!("<ContinuationToken>page-{before}</ContinuationToken>");
        let token = if more { token } else { String::new() };
        format!(
            "<?xml version=\"1.0\"?><ListAllMyBucketsResult><Buckets>{buckets}</Buckets>{token}\
             </ListAllMyBucketsResult>"
        )
    })
}

/// The example with these credentials, and nothing of this machine's.
fn start(endpoint: &str, key: &Key) -> Server {
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", &key.id),
        ("AWS_SECRET_ACCESS_KEY", &key.secret),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
    ];
    Server::start_with("buckets", &[], &variables)
}

fn count(server: &Server) -> Value {
    server.call("count_buckets", &json!({}))
}

async fn make_buckets(ministack: &Ministack, names: &[&str]) {
    let key = Key::root();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new(key.id, key.secret, None, None, "test"))
        .http_client(mcp_lambda_runtime::aws::http_client())
        .endpoint_url(ministack.endpoint())
        .force_path_style(true);
    let client = Client::from_conf(config.build());
    for name in names {
        client.create_bucket().bucket(*name).send().await.expect("a bucket");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets_of_an_account() {
    let Some(ministack) = Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), true) else {
        return;
    };
    let (user, root) = (ministack.user("reader"), Key::root());
    let server = start(ministack.endpoint(), &root);
    let result = count(&server);
    assert_eq!(text(&result), "0", "{result}");
    make_buckets(&ministack, &["first", "second", "third"]).await;
    let result = count(&server);
    assert_eq!(text(&result), "3", "{result}");
    server.stop();

    let server = start(ministack.endpoint(), &user);
    let result = count(&server);
    assert_eq!(result["isError"], true, "{result}");
    assert!(text(&result).contains("must allow its role s3:ListAllMyBuckets"), "{result}");
    for secret in [ACCOUNT, "arn:", "reader", &user.id, &user.secret, ministack.endpoint()] {
        assert!(!result.to_string().contains(secret), "{secret}: {result}");
        assert!(!server.said().contains(secret), "{secret}: {}", server.said());
    }
    ministack.allow("reader", &["s3:ListAllMyBuckets"]);
    let result = count(&server);
    assert_eq!(text(&result), "3", "{result}");
    server.stop();
}

#[test]
fn pages_are_read_up_to_a_bound() {
    for (there, expected) in [(9, "18"), (10, "20"), (11, "more buckets than the 20")] {
        let s3 = pages(there, 2);
        let server = start(&s3.url(), &Key::root());
        let result = count(&server);
        assert!(text(&result).contains(expected), "{there}: {result}");
        assert_eq!(result["isError"] == true, there > 10, "{result}");
        let asked = s3.asked();
        assert!(asked.contains("max-buckets=1000"), "{asked}");
        assert!(asked.contains("continuation-token=page-8") == (there > 9), "{asked}");
        server.stop();
    }
}

#[test]
fn without_credentials_the_operator_is_named() {
    let s3 = pages(1, 1);
    let none = Key { id: String::new(), secret: String::new() };
    let server = start(&s3.url(), &none);
    let result = count(&server);
    assert!(text(&result).contains("its operator must look at its credentials"), "{result}");
    assert_eq!(s3.asked(), "");
    server.stop();
}
