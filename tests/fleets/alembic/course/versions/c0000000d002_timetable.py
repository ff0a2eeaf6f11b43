"""When and where."""
from alembic import op

revision = 'c0000000d002'
down_revision = 'c0000000d001'
branch_labels = None
depends_on = None


def upgrade():
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE TABLE timetable (room smallint NOT NULL REFERENCES rooms (number), course_id integer NOT NULL REFERENCES courses (id), "
               "during tsrange NOT NULL, EXCLUDE USING gist (room WITH =, during WITH &&))")
    op.create_index("idx_timetable_course_id", "timetable", ["course_id"])
    op.create_index("idx_timetable_room", "timetable", ["room"])


def downgrade():
    op.drop_table("timetable")
