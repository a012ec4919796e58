// The real Better Auth server, configured as ours is a copy of it. Prints a line when it is ready, ends on SIGTERM.
//
//   PORT DATABASE_URL BETTER_AUTH_SECRET BETTER_AUTH_URL   as ours; BETTER_AUTH_SECRETS too, which the package reads itself
//   SMTP=HOST:PORT           where its mails go
//   AUTH_RATE_LIMIT=on|off   on if not set
//   TABLES=make|found        whether it makes its tables or finds those that ours has made; make if not set
//   JWT_ALGORITHM            of the keys it signs with, EdDSA if not set
//   JWT_ROTATION_SECONDS     how long a key signs, for ever if not set
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { bearer, jwt } from 'better-auth/plugins';
import { createTransport } from 'nodemailer';
import pg from 'pg';

// The package's migrations need it, Node 20 has it not.
Object.groupBy ??= (items, keyOf) => {
  const groups = Object.create(null);
  for (const item of items) (groups[keyOf(item)] ??= []).push(item);
  return groups;
};

const env = process.env;
const [smtpHost, smtpPort] = env.SMTP.split(':');
const transport = createTransport({ host: smtpHost, port: Number(smtpPort), ignoreTLS: true });
const pool = new pg.Pool({ connectionString: env.DATABASE_URL });

async function sendLink(to, subject, url) {
  await transport.sendMail({ from: 'reference@example.com', to, subject, text: url });
}

const options = {
  database: pool,
  secret: env.BETTER_AUTH_SECRET,
  baseURL: env.BETTER_AUTH_URL,
  emailAndPassword: {
    enabled: true,
    revokeSessionsOnPasswordReset: true,
    sendResetPassword: ({ user, url }) => sendLink(user.email, 'Reset your password', url),
  },
  emailVerification: {
    sendVerificationEmail: ({ user, url }) => sendLink(user.email, 'Verify your address', url),
  },
  user: {
    deleteUser: { enabled: true },
    changeEmail: {
      enabled: true,
      sendChangeEmailConfirmation: ({ user, url }) => sendLink(user.email, 'Approve the change of your address', url),
    },
  },
  rateLimit: { enabled: env.AUTH_RATE_LIMIT !== 'off' },
  advanced: { ipAddress: { trustedProxies: ['127.0.0.0/8', '::1'] } },
  telemetry: { enabled: false },
  plugins: [
    jwt({
      jwks: {
        keyPairConfig: { alg: env.JWT_ALGORITHM ?? 'EdDSA' },
        rotationInterval: env.JWT_ROTATION_SECONDS ? Number(env.JWT_ROTATION_SECONDS) : undefined,
      },
    }),
    bearer(),
  ],
};

if (env.TABLES !== 'found') await (await getMigrations(options)).runMigrations();
const server = createServer(toNodeHandler(betterAuth(options)));

process.on('SIGTERM', () => {
  server.close(async () => {
    await pool.end();
    process.exit(0);
  });
  // Connections that a client keeps for later would hold the server open.
  server.closeIdleConnections();
});

server.listen(Number(env.PORT), '127.0.0.1', () => console.log(`Better Auth listens on ${env.BETTER_AUTH_URL}`));
