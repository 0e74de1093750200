import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def say_whose(apps, schema_editor):
    Item, Session = apps.get_model("cases", "ReviewItem"), apps.get_model("cases", "Session")
    of_item = Session.objects.filter(evaluations__scores=models.OuterRef("score")).values("by")[:1]
    Item.objects.update(author=models.Subquery(of_item))


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0006_labels_are_compared_and_cases_know_what_is_frozen'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='reviewitem',
            name='author',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunPython(say_whose, migrations.RunPython.noop),
    ]
