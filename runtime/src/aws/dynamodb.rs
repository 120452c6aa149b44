//! Registrations and sessions in DynamoDB.
