from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0010_redaction_patterns_of_ones_own'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('actor', 'agent'), models.Q(('knowledge_digest', ''), _negated=True)), fields=['case'], name='session_with_knowledge'),
        ),
    ]
