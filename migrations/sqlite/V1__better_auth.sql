-- Better Auth's five tables, in its own names and spelling (BETTER-AUTH.md 1.7). Instants are microseconds
-- since 1970 in UTC, booleans are 0 and 1.

CREATE TABLE "user" (
    "id"            text NOT NULL CONSTRAINT user_pkey PRIMARY KEY,
    "name"          text NOT NULL,
    "email"         text NOT NULL CONSTRAINT user_email_key UNIQUE,
    "emailVerified" integer NOT NULL,
    "image"         text,
    "createdAt"     integer NOT NULL,
    "updatedAt"     integer NOT NULL
) STRICT;

CREATE TABLE "session" (
    "id"        text NOT NULL CONSTRAINT session_pkey PRIMARY KEY,
    "expiresAt" integer NOT NULL,
    "token"     text NOT NULL CONSTRAINT session_token_key UNIQUE,
    "createdAt" integer NOT NULL,
    "updatedAt" integer NOT NULL,
    "ipAddress" text,
    "userAgent" text,
    "userId"    text NOT NULL CONSTRAINT "session_userId_fkey" REFERENCES "user" ("id") ON DELETE CASCADE
) STRICT;
-- The sessions of one user: list, revoke all, revoke the others.
CREATE INDEX "session_userId_idx" ON "session" ("userId");

CREATE TABLE "account" (
    "id"                    text NOT NULL CONSTRAINT account_pkey PRIMARY KEY,
    "accountId"             text NOT NULL,
    "providerId"            text NOT NULL,
    "userId"                text NOT NULL CONSTRAINT "account_userId_fkey" REFERENCES "user" ("id") ON DELETE CASCADE,
    "accessToken"           text,
    "refreshToken"          text,
    "idToken"               text,
    "accessTokenExpiresAt"  integer,
    "refreshTokenExpiresAt" integer,
    "scope"                 text,
    "password"              text,
    "createdAt"             integer NOT NULL,
    "updatedAt"             integer NOT NULL
) STRICT;
-- The password of one user: sign-in and change-password.
CREATE INDEX "account_userId_idx" ON "account" ("userId");

CREATE TABLE "verification" (
    "id"         text NOT NULL CONSTRAINT verification_pkey PRIMARY KEY,
    "identifier" text NOT NULL,
    "value"      text NOT NULL,
    "expiresAt"  integer NOT NULL,
    "createdAt"  integer NOT NULL,
    "updatedAt"  integer NOT NULL
) STRICT;
-- A pending verification by what it verifies.
CREATE INDEX "verification_identifier_idx" ON "verification" ("identifier");

CREATE TABLE "jwks" (
    "id"         text NOT NULL CONSTRAINT jwks_pkey PRIMARY KEY,
    "publicKey"  text NOT NULL,
    "privateKey" text NOT NULL,
    "createdAt"  integer NOT NULL,
    "expiresAt"  integer,
    "alg"        text,
    "crv"        text
) STRICT;
