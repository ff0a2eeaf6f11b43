CREATE TABLE roles (
    id          smallint PRIMARY KEY,
    name        varchar(40) NOT NULL UNIQUE,
    description text NOT NULL DEFAULT ''
);

INSERT INTO roles (id, name, description) VALUES
    (1, 'owner',  'everything, billing included'),
    (2, 'admin',  'users, teams and settings'),
    (3, 'sales',  'contacts, accounts, leads and deals'),
    (4, 'viewer', 'reads, changes nothing');

CREATE TABLE user_roles (
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id    smallint NOT NULL REFERENCES roles (id),
    granted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, role_id)
);

CREATE INDEX idx_user_roles_role_id ON user_roles (role_id);
