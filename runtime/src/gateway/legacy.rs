//! What only the revisions with a handshake have: sessions, levels, subscriptions, cancellation.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::gateway::endpoint::Endpoint;
use crate::gateway::{Answered, Asked, CAPABILITIES, Facts, Gateway, push_instructions};
use crate::port::{MailboxId, SessionKey, SessionRecord, StoreError, Timestamp};
use crate::protocol::call::Initialize;
use crate::protocol::error::RpcError;
use crate::protocol::json;
use crate::protocol::jsonrpc::RequestId;
use crate::protocol::notification::LogLevel;
use crate::protocol::version::{LegacyVersion, Version};
use crate::session::state::{MAX_SUBSCRIPTIONS, SessionState};
use crate::session::{Session, Transport};

/// What legacy clients hear that never set a level.
const DEFAULT_LEVEL: LogLevel = LogLevel::Info;
/// How often a lost update of session state is tried again.
const UPDATE_TRIES: usize = 5;

/// The level that a session set.
pub(super) fn log_level(session: Option<(&Session, Option<&SessionRecord>)>) -> LogLevel {
    let state = session.and_then(|(_, record)| record).map(|record| read_state(&record.state));
    let level = state.and_then(|state| state.log_level);
    level.as_deref().and_then(LogLevel::parse).unwrap_or(DEFAULT_LEVEL)
}

fn read_state(text: &str) -> SessionState {
    serde_json::from_str(text).unwrap_or_default()
}

impl Gateway {
    pub(super) async fn initialize(&self, initialize: &Initialize, asked: &Asked<'_>) -> Answered {
        let version = LegacyVersion::negotiate(&initialize.protocol_version);
        let mut members = format!(
            r#""protocolVersion":"{}","capabilities":{},"serverInfo":{}"#,
            version.as_str(),
            CAPABILITIES.replace(r#""resources":{}"#, r#""resources":{"subscribe":true}"#),
            asked.endpoint.info
        );
        push_instructions(asked.endpoint, &mut members);
        let answered =
            Answered::own(asked.endpoint.stamp.own(Version::Legacy(version), &members, None));
        if asked.session.is_some_and(|(session, _)| session.transport == Transport::Sse) {
            return answered;
        }
        if self.sessionless {
            return answered;
        }
        let warning = match self.admit_session(asked.principal).await {
            Ok(warning) => warning,
            Err(limited) => return limited.into(),
        };
        let session = Session {
            key: SessionKey(self.random()),
            created_at: self.ports.clock.now(),
            transport: Transport::Streamable,
            version,
            capabilities: initialize.capabilities,
        };
        match self.seal_session(&session, asked.principal, asked.endpoint).await {
            Ok(id) => {
                let facts = Facts { session_began: true, ..Facts::default() };
                Answered { session_id: Some(id), facts, ..answered }.warned(warning)
            }
            Err(error) => self.unavailable(asked.correlation, &error),
        }
    }

    /// Begins a session of HTTP+SSE, whose client has not yet said what it can do.
    pub async fn begin_sse(
        &self,
        principal: &crate::principal::Principal,
        endpoint: &Endpoint,
    ) -> Result<(Session, String), StoreError> {
        let session = Session {
            key: SessionKey(self.random()),
            created_at: self.ports.clock.now(),
            transport: Transport::Sse,
            version: LegacyVersion::V2024_11_05,
            capabilities: crate::protocol::capability::ClientCapabilities::default(),
        };
        let id = self.seal_session(&session, principal, endpoint).await?;
        Ok((session, id))
    }

    async fn seal_session(
        &self,
        session: &Session,
        principal: &crate::principal::Principal,
        endpoint: &Endpoint,
    ) -> Result<String, StoreError> {
        let nonce = self.random();
        Ok(session.seal(self.sealer().await?, nonce, principal, endpoint.server.as_ref()))
    }

    /// Opens a session id: `None` when it is forged, expired, ended, another principal's, or of
    /// another server.
    pub async fn open_session(
        &self,
        id: &str,
        principal: &crate::principal::Principal,
        endpoint: &Endpoint,
    ) -> Result<Option<(Session, Option<SessionRecord>)>, StoreError> {
        let now = self.ports.clock.now();
        let server = endpoint.server.as_ref();
        let Some(session) = Session::open(self.sealer().await?, id, principal, server) else {
            return Ok(None);
        };
        let young = self.expiry.is_young(&session, now);
        if !young && !self.expiry.needs_record() {
            return Ok(None);
        }
        let record = self.ports.sessions.load(session.key, now).await?;
        let ended = record.as_ref().is_some_and(|record| record.ended);
        if ended || (!young && record.is_none()) {
            return Ok(None);
        }
        let noted = self.note_use(&session, record, now).await;
        Ok(noted.map(|record| (session, record)))
    }

    /// Notes that a session is used, where that keeps it alive and was not noted just now; `None`
    /// when it turns out to be over.
    async fn note_use(
        &self,
        session: &Session,
        record: Option<SessionRecord>,
        now: Timestamp,
    ) -> Option<Option<SessionRecord>> {
        if !self.expiry.needs_record() {
            return Some(record);
        }
        let mut state = record.as_ref().map(|record| read_state(&record.state)).unwrap_or_default();
        let noted = state.used_at_ms.map_or(session.created_at, Timestamp);
        if !self.expiry.is_worth_noting(noted, now) {
            return Some(record);
        }
        state.used_at_ms = Some(now.0);
        let text = serde_json::to_string(&state).unwrap_or_default();
        let expected = record.as_ref().map(|record| record.revision);
        let until = self.expiry.record_expires_at(session, now);
        let saving = self.ports.sessions.save(session.key, text.clone(), expected, until, now);
        match saving.await {
            Ok(revision) => Some(Some(SessionRecord { state: text, revision, ended: false })),
            Err(StoreError::NotFound) => None,
            // Somebody else has noted something, or will.
            Err(StoreError::Stale { .. } | StoreError::Exists(_) | StoreError::Unavailable(_)) => {
                Some(record)
            }
        }
    }

    /// Ends a session.
    pub async fn end_session(&self, session: &Session) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        let until = self.expiry.record_expires_at(session, now);
        self.ports.sessions.end(session.key, until, now).await?;
        // What still runs for the session has no one left to answer.
        self.running.cancel_all(session.key);
        let mailbox = MailboxId::session(session.key);
        // A mailbox that was never opened, or cannot be reached now, is swept.
        let _ = self.ports.mailboxes.close(&mailbox).await;
        Ok(())
    }

    /// Takes a notification of a legacy client.
    pub fn notified(&self, session: Option<&Session>, method: &str, params: Option<&RawValue>) {
        #[derive(Deserialize)]
        struct Cancelled<'a> {
            #[serde(borrow, rename = "requestId")]
            request_id: &'a RawValue,
        }
        let (Some(session), "notifications/cancelled", Some(params)) = (session, method, params)
        else {
            return;
        };
        let cancelled: Option<Cancelled<'_>> = json::object(params.get()).ok();
        if let Some(id) = cancelled.and_then(|cancelled| RequestId::parse(cancelled.request_id)) {
            self.running.cancel(session.key, &id);
        }
    }

    pub(super) async fn subscribe(&self, asked: &Asked<'_>, uri: &str) -> Answered {
        let view = match self.view(asked).await {
            Ok(view) => view,
            Err(answered) => return answered,
        };
        let Some(labels) = view.offer.at_uri(uri) else {
            let error = RpcError::resource(uri, asked.version);
            return view.unknown(error, |offer| offer.at_uri(uri));
        };
        let judged = view.judge(labels);
        let mut full = false;
        let answered = self
            .remember(asked, |state| {
                full = state.subscriptions.len() >= MAX_SUBSCRIPTIONS
                    && !state.subscriptions.contains(uri);
                if !full {
                    state.subscriptions.insert(uri.to_owned());
                }
            })
            .await;
        if full {
            let most = MAX_SUBSCRIPTIONS;
            return RpcError::params(format!("a session has at most {most} subscriptions")).into();
        }
        answered.judged(judged)
    }

    /// Changes a session's state; a client without a session has nothing that could be changed.
    pub(super) async fn remember(
        &self,
        asked: &Asked<'_>,
        mut change: impl FnMut(&mut SessionState) + Send,
    ) -> Answered {
        let done = || Answered::own(asked.endpoint.stamp.own(asked.version, "", None));
        let Some((session, record)) = asked.session else { return done() };
        let mut record = record.cloned();
        for _ in 0..UPDATE_TRIES {
            let mut state =
                record.as_ref().map(|record| read_state(&record.state)).unwrap_or_default();
            change(&mut state);
            if self.expiry.needs_record() {
                state.used_at_ms = Some(self.ports.clock.now().0);
            }
            let text = serde_json::to_string(&state).unwrap_or_default();
            let expected = record.as_ref().map(|record| record.revision);
            let now = self.ports.clock.now();
            let sessions = &self.ports.sessions;
            let until = self.expiry.record_expires_at(session, now);
            match sessions.save(session.key, text, expected, until, now).await {
                Ok(_) => return done(),
                Err(StoreError::Stale { .. } | StoreError::Exists(_)) => {
                    match sessions.load(session.key, now).await {
                        Ok(newer) => record = newer,
                        Err(error) => return self.unavailable(asked.correlation, &error),
                    }
                }
                Err(error) => return self.unavailable(asked.correlation, &error),
            }
        }
        self.unavailable(asked.correlation, &StoreError::Stale { current: 0 })
    }
}
