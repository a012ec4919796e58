-- Better Auth's five tables, in its own names and spelling (BETTER-AUTH.md 1.7), so that a TypeScript
-- Better Auth server can share this database. Where one has made them already they are left as they are.

CREATE TABLE IF NOT EXISTS "user" (
    "id"            text NOT NULL CONSTRAINT user_pkey PRIMARY KEY,
    "name"          text NOT NULL,
    "email"         text NOT NULL CONSTRAINT user_email_key UNIQUE,
    "emailVerified" boolean NOT NULL,
    "image"         text,
    "createdAt"     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS "session" (
    "id"        text NOT NULL CONSTRAINT session_pkey PRIMARY KEY,
    "expiresAt" timestamptz NOT NULL,
    "token"     text NOT NULL CONSTRAINT session_token_key UNIQUE,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamptz NOT NULL,
    "ipAddress" text,
    "userAgent" text,
    "userId"    text NOT NULL CONSTRAINT "session_userId_fkey" REFERENCES "user" ("id") ON DELETE CASCADE
);
-- The sessions of one user: list, revoke all, revoke the others.
CREATE INDEX IF NOT EXISTS "session_userId_idx" ON "session" ("userId");

CREATE TABLE IF NOT EXISTS "account" (
    "id"                    text NOT NULL CONSTRAINT account_pkey PRIMARY KEY,
    "accountId"             text NOT NULL,
    "providerId"            text NOT NULL,
    "userId"                text NOT NULL CONSTRAINT "account_userId_fkey" REFERENCES "user" ("id") ON DELETE CASCADE,
    "accessToken"           text,
    "refreshToken"          text,
    "idToken"               text,
    "accessTokenExpiresAt"  timestamptz,
    "refreshTokenExpiresAt" timestamptz,
    "scope"                 text,
    "password"              text,
    "createdAt"             timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"             timestamptz NOT NULL
);
-- The password of one user: sign-in and change-password.
CREATE INDEX IF NOT EXISTS "account_userId_idx" ON "account" ("userId");

CREATE TABLE IF NOT EXISTS "verification" (
    "id"         text NOT NULL CONSTRAINT verification_pkey PRIMARY KEY,
    "identifier" text NOT NULL,
    "value"      text NOT NULL,
    "expiresAt"  timestamptz NOT NULL,
    "createdAt"  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt"  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
-- A pending verification by what it verifies.
CREATE INDEX IF NOT EXISTS "verification_identifier_idx" ON "verification" ("identifier");

CREATE TABLE IF NOT EXISTS "jwks" (
    "id"         text NOT NULL CONSTRAINT jwks_pkey PRIMARY KEY,
    "publicKey"  text NOT NULL,
    "privateKey" text NOT NULL,
    "createdAt"  timestamptz NOT NULL,
    "expiresAt"  timestamptz,
    "alg"        text,
    "crv"        text
);
