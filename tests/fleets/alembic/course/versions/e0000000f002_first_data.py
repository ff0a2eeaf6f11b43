"""Rows."""
import sqlalchemy as sa
from alembic import op

revision = 'e0000000f002'
down_revision = 'e0000000f001'
branch_labels = None
depends_on = None


def upgrade():
    op.bulk_insert(sa.table("schools", sa.column("name", sa.Text)), [{"name": "East; side"}, {"name": "L'École"}])
    op.execute("INSERT INTO teachers (school_id, name) SELECT id, 'of ' || name FROM schools ORDER BY id")
    op.execute("INSERT INTO courses (teacher_id, title, level) SELECT id, 'Course ' || id, 'b1' FROM teachers ORDER BY id")
    op.execute("INSERT INTO rooms VALUES (101, 24), (102, 12)")


def downgrade():
    op.execute("TRUNCATE timetable, rooms, courses, teachers, schools RESTART IDENTITY CASCADE")
