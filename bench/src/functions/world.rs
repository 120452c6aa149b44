//! The deployed gateway's surroundings: tables, tools and an issuer behind TLS, and how its function
//! starts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::json;
use tempfile::TempDir;

use super::doors::Doors;
use super::event::{Response, event};
use super::floor::Call;
use super::instance::{Instance, Launch};
use super::results::{Floor, Setting};
use crate::endpoint::database;
use crate::failure::Failure;
use crate::process::Process;
use crate::request::Exchange;
use crate::{catalog, loopback};

/// The tool whose function streams.
pub const STREAMING_TOOL: usize = 1;
/// Where systems keep the certificates of the authorities that they trust.
const BUNDLES: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// Three endpoints, as DynamoDB, Lambda and whoever keeps or issues tokens are different hosts.
pub struct World {
    bootstrap: PathBuf,
    dynamodb: Endpoint,
    lambda: Endpoint,
    issuer: Endpoint,
    doors: Doors,
    folder: TempDir,
}

struct Endpoint {
    process: Process,
    authority: String,
}

impl Endpoint {
    async fn start(program: &Path, folder: &Path, name: &str) -> Result<Self, Failure> {
        let authority = folder.join(format!("{name}.pem"));
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let arguments =
            ["--authority".to_owned(), text(&authority), "--documents".to_owned(), text(folder)];
        let process = Process::start(program, &arguments).await?;
        let authority = fs::read_to_string(authority);
        Ok(Self {
            process,
            authority: authority.map_err(Failure::system("reading a certificate"))?,
        })
    }

    fn url(&self) -> String {
        format!("https://{}", self.process.address())
    }
}

impl World {
    /// Starts the endpoints and registers what is offered, through the function for it.
    pub async fn start(bootstrap: PathBuf, endpoint: &Path) -> Result<Self, Failure> {
        let folder = TempDir::new().map_err(Failure::system("making a folder"))?;
        let file = |name: &str| folder.path().join(name);
        let dynamodb = Endpoint::start(endpoint, folder.path(), "dynamodb").await?;
        let lambda = Endpoint::start(endpoint, folder.path(), "lambda").await?;
        let issuer = Endpoint::start(endpoint, folder.path(), "issuer").await?;
        let doors = Doors::open(issuer.url(), folder.path())?;
        let own = format!("{}{}{}", dynamodb.authority, lambda.authority, issuer.authority);
        fs::write(file("own.pem"), &own).map_err(Failure::system("writing a certificate"))?;
        if let Some(system) = BUNDLES.iter().find_map(|path| fs::read_to_string(path).ok()) {
            let all = fs::write(file("all.pem"), system + "\n" + &own);
            all.map_err(Failure::system("writing certificates"))?;
        }
        let world = Self { bootstrap, dynamodb, lambda, issuer, doors, folder };
        world.register().await?;
        Ok(world)
    }

    /// How the function of the client plane starts.
    pub fn launch(&self, setting: Setting) -> Result<Launch, String> {
        let bundle = match setting {
            Setting::SystemRoots => "all.pem",
            Setting::Buffered
            | Setting::Streaming
            | Setting::BearerDoor
            | Setting::OAuthDoor
            | Setting::Quota
            | Setting::QuotaAfterStart => "own.pem",
        };
        let bundle = self.folder.path().join(bundle);
        if !bundle.exists() {
            return Err(format!("no bundle of certificates is at {}", BUNDLES.join(" or ")));
        }
        let mode = match setting {
            Setting::Streaming => "RESPONSE_STREAM",
            Setting::Buffered
            | Setting::SystemRoots
            | Setting::BearerDoor
            | Setting::OAuthDoor
            | Setting::Quota
            | Setting::QuotaAfterStart => "BUFFERED",
        };
        let mut launch = self.start_as("mcp", mode, &bundle);
        let door = self.doors.environment(setting);
        launch.environment.extend(door.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Ok(launch)
    }

    /// The public doors.
    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    /// Begins a legacy session; it is every process's.
    pub async fn session(&self) -> Result<String, Failure> {
        let launch = self.launch(Setting::Buffered).map_err(Failure::Start)?;
        let mut instance = Instance::start(&launch, None).await?;
        let exchanged = instance.exchange(&event(&Exchange::initialize(), loopback::PATH)).await?;
        let response = Response::read(&exchanged, launch.name)?;
        let session = response.header("mcp-session-id").map(str::to_owned);
        let session =
            session.ok_or_else(|| Failure::answer(launch.name, "initialize", &exchanged.body()))?;
        let done = event(&Exchange::initialized(&session), loopback::PATH);
        let exchanged = instance.exchange(&done).await?;
        Response::read(&exchanged, launch.name)?.check(launch.name, "initialized", "")?;
        instance.end().await?;
        Ok(session)
    }

    /// What a bare client needs for a call of a function, and for reading an item.
    pub async fn floors(&self, calls: usize, fresh: usize) -> Result<[Floor; 2], Failure> {
        let path = "/2015-03-31/functions/example-echo/invocations";
        let body = json!({"text": "a valley in the north", "days": 3, "units": "metric"});
        let invoke = Call {
            operation: "Invoke",
            address: self.lambda.process.address(),
            authority: &self.lambda.authority,
            path,
            target: None,
            body: body.to_string(),
        };
        let key = mcp_lambda_runtime::deployment::tables::SESSIONS_KEY.partition;
        let body = json!({
            "TableName": database::SESSIONS, "ConsistentRead": true, "Key": {key: {"S": "none"}}
        });
        let get = Call {
            operation: "GetItem",
            address: self.dynamodb.process.address(),
            authority: &self.dynamodb.authority,
            path: "/",
            target: Some("DynamoDB_20120810.GetItem"),
            body: body.to_string(),
        };
        Ok([invoke.measure(calls, fresh).await?, get.measure(calls, fresh).await?])
    }

    /// Ends the endpoints.
    pub async fn end(self) -> Result<(), Failure> {
        self.dynamodb.process.end().await?;
        self.issuer.process.end().await?;
        self.lambda.process.end().await
    }

    async fn register(&self) -> Result<(), Failure> {
        let bundle = self.folder.path().join("own.pem");
        let launch = self.start_as("registration", "BUFFERED", &bundle);
        let mut instance = Instance::start(&launch, None).await?;
        for (index, mut document) in catalog::registrations(loopback::TOOLS).enumerate() {
            if index == STREAMING_TOOL {
                document["invokeMode"] = "stream".into();
            }
            let event: Bytes = event(&Exchange::registration(&document), "/register");
            let exchanged = instance.exchange(&event).await?;
            let response = Response::read(&exchanged, launch.name)?;
            response.check(launch.name, "POST /register", "")?;
        }
        instance.end().await
    }

    fn start_as(&self, handler: &str, mode: &str, bundle: &Path) -> Launch {
        let environment = [
            ("_HANDLER", handler.to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb.url()),
            ("AWS_ENDPOINT_URL_LAMBDA", self.lambda.url()),
            // No request here needs queues: nobody listens there.
            ("AWS_ENDPOINT_URL_SQS", "https://127.0.0.1:9".to_owned()),
            ("MCP_LAMBDA_INVOKE_MODE", mode.to_owned()),
            ("MCP_LAMBDA_REGISTRATIONS_TABLE", database::REGISTRATIONS.to_owned()),
            ("MCP_LAMBDA_SESSIONS_TABLE", database::SESSIONS.to_owned()),
            ("MCP_LAMBDA_STACK", "bench".to_owned()),
            ("SSL_CERT_FILE", bundle.to_string_lossy().into_owned()),
        ];
        let environment: BTreeMap<_, _> =
            environment.map(|(name, value)| (name.to_owned(), value)).into();
        Launch {
            name: "mcp-lambda",
            command: vec![self.bootstrap.clone().into_os_string()],
            folder: self.folder.path().to_owned(),
            environment,
        }
    }
}
