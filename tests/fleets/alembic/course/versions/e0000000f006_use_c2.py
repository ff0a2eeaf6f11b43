"""And used."""
from alembic import op

revision = 'e0000000f006'
down_revision = 'e0000000f005'
branch_labels = None
depends_on = None


def upgrade():
    op.execute("UPDATE courses SET level = 'c2' WHERE id = 1")


def downgrade():
    op.execute("UPDATE courses SET level = 'b1' WHERE id = 1")
