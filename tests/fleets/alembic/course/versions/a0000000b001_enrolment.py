"""The branch of those who learn."""
from alembic import op

revision = 'a0000000b001'
down_revision = '1a2b3c4d5e04'
branch_labels = None
depends_on = None


def upgrade():
    op.execute("CREATE TABLE pupils (id serial PRIMARY KEY, name text NOT NULL, born date)")
    op.execute("""
        CREATE TABLE enrolments (
            pupil_id integer REFERENCES pupils (id),
            course_id integer REFERENCES courses (id),
            since date NOT NULL,
            PRIMARY KEY (pupil_id, course_id)
        )
    """)
    op.create_index("idx_enrolments_course_id", "enrolments", ["course_id"])


def downgrade():
    op.drop_table("enrolments")
    op.drop_table("pupils")
