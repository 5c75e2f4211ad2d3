// Makes MongoDB a replica set of one and its users, each with the least it needs. Run again, it changes nothing but
// the passwords that were changed in the secrets.
const { readFileSync } = require("fs");

const HOST = "mongo:27017";
const deadline = Date.now() + 60_000;

const secret = (name) => readFileSync(`/run/secrets/${name}`, "utf8").trim();

const root = encodeURIComponent(secret("mongo-root-password"));
let admin;
while (!admin) {
  try {
    const found = connect(`mongodb://root:${root}@${HOST}/admin?directConnection=true&serverSelectionTimeoutMS=2000`);
    try {
      found.adminCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: HOST }] } });
      print("the replica set is initiated");
    } catch (error) {
      if (error.codeName !== "AlreadyInitialized") throw error;
    }
    admin = found;
  } catch (error) {
    // While the image makes the root user, the server is not yet what it will be.
    if (Date.now() > deadline) {
      print(`${HOST}: ${error.message}`);
      if (error.codeName === "AuthenticationFailed") {
        print("secrets/mongo-root-password is not the password that this database was made with");
      }
      quit(1);
    }
    sleep(500);
  }
}

while (!admin.hello().isWritablePrimary) {
  if (Date.now() > deadline) {
    print("MongoDB has not become primary: see docker compose logs mongo");
    quit(1);
  }
  sleep(200);
}

// Scoring refuses a server that lets the transaction of a dead client live too long, so it has to ask.
if (!admin.getRole("parindexAskParameters")) {
  const ask = { resource: { cluster: true }, actions: ["getParameter"] };
  admin.createRole({ role: "parindexAskParameters", privileges: [ask], roles: [] });
}

const rights = {
  "mongo-scoring": [{ role: "readWrite", db: "parindex" }, { role: "parindexAskParameters", db: "admin" }],
  "mongo-reporting": [{ role: "read", db: "parindex" }],
};
for (const [name, roles] of Object.entries(rights)) {
  // The secret of a service is a whole address: mongodb://user:password@host/database?options
  const { username, password } = new URL(secret(name).replace(/^mongodb:/, "http:"));
  const [user, pwd] = [decodeURIComponent(username), decodeURIComponent(password)];
  if (admin.getUser(user)) admin.updateUser(user, { pwd, roles });
  else admin.createUser({ user, pwd, roles });
  print(`user ${user}: ${roles.map(({ role, db }) => `${role} on ${db}`).join(", ")}`);
}
