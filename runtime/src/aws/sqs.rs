//! Mailboxes as SQS FIFO queues.
