from django.urls import path

from rules.views import editor, policy
from rules.views import pages as views

app_name = "rules"
urlpatterns = [
    path("patches/", views.patch_list, name="patches"),
    path("patches/new/", views.new_patch, name="new_patch"),
    path("patches/<int:pk>/", views.patch, name="patch"),
    path("patches/<int:pk>/edit/", views.edit_patch, name="edit_patch"),
    path("patches/<int:pk>/propose/", views.propose, name="propose"),
    path("patches/<int:pk>/decide/", views.decide, name="decide"),
    path("patches/<int:pk>/merge/", views.merge_patch, name="merge"),
    path("patches/<int:pk>/run-again/", views.run_again, name="run_again"),
    path("patches/<int:pk>/stop/", views.stop, name="stop"),
    path("patches/<int:pk>/discard/", views.discard, name="discard"),
    path("patches/<int:pk>/take-on/", views.take_on, name="take_on"),
    path("patches/<int:pk>/comment/", views.comment, name="comment"),
    path("patches/<int:pk>/comments/<int:number>/resolve/", views.resolve, name="resolve"),
    path("patches/<int:pk>/comments/send/", views.send_comments, name="send_comments"),
    path("patches/<int:pk>/comments/<int:number>/reopen/", views.reopen, name="reopen"),
    path("patches/<int:pk>/comments/<int:number>/withdraw/", views.withdraw, name="withdraw"),
    path("your-turn/patches/", views.your_turn, name="your_turn"),
    path("knowledge/", views.version_list, name="versions"),
    path("knowledge/<int:number>/", views.version, name="version"),
    path("knowledge/<int:number>/revert/", views.revert, name="revert"),
    path("knowledge/<int:number>/rules.<str:form>", editor.export, name="export_rules"),
    path("knowledge/insight/", views.insight, name="insight"),
    path("settings/gate/", policy.policy, name="policy"),
    path("rules/try-without/", views.try_without, name="try_without"),
    path("rules/words.json", editor.words, name="words"),
    path("rules/check/", editor.check, name="check"),
    path("rules/preview/", editor.preview, name="preview"),
    path("rules/", views.rule_list, name="rules"),
    path("cases/<int:pk>/run-agent/", views.run_agent, name="run_agent"),
    path("library/run-agent/", views.run_agents, name="run_agents"),
    path("sessions/<int:pk>/explore/", views.explore, name="explore"),
    path("sessions/<int:pk>/critique/", views.critique, name="critique"),
    path("sessions/<int:pk>/teach/", views.teach, name="teach"),
]
