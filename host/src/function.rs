//! One function within a host: its settings, its instances, its ARN.

use std::sync::Arc;

use crate::config::FunctionConfig;
use crate::host::HostOptions;
use crate::name::FunctionName;
use crate::pool::Pool;

pub(crate) struct Function {
    pub(crate) name: FunctionName,
    pub(crate) config: FunctionConfig,
    pub(crate) pool: Arc<Pool>,
    pub(crate) options: Arc<HostOptions>,
}

impl Function {
    pub(crate) fn new(
        name: FunctionName,
        config: FunctionConfig,
        options: Arc<HostOptions>,
    ) -> Self {
        let pool = Pool::new(config.concurrency());
        Self { name, config, pool, options }
    }

    /// The function's ARN, qualified as asked.
    pub(crate) fn arn(&self, qualifier: Option<&str>) -> String {
        let HostOptions { account, region, .. } = &*self.options;
        let mut arn = format!(
            "arn:aws:lambda:{}:{}:function:{}",
            region.as_str(),
            account.as_str(),
            self.name
        );
        if let Some(qualifier) = qualifier {
            arn.push(':');
            arn.push_str(qualifier);
        }
        arn
    }
}
