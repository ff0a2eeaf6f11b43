"""Courses."""
from alembic import op

revision = '1a2b3c4d5e04'
down_revision = '1a2b3c4d5e03'
branch_labels = None
depends_on = None


def upgrade():
    op.execute("""
        CREATE TABLE courses (
            id serial PRIMARY KEY,
            teacher_id integer REFERENCES teachers (id),
            title text NOT NULL DEFAULT 'to be named; soon',
            level level NOT NULL DEFAULT 'a1',
            CHECK (title <> '')
        )
    """)
    op.create_index("idx_courses_teacher_id", "courses", ["teacher_id"])


def downgrade():
    op.drop_table("courses")
