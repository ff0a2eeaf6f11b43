"""An enum type."""
from alembic import op

revision = '1a2b3c4d5e03'
down_revision = '1a2b3c4d5e02'
branch_labels = None
depends_on = None


def upgrade():
    op.execute("CREATE TYPE level AS ENUM ('a1', 'b1', 'c1')")


def downgrade():
    op.execute("DROP TYPE level")
