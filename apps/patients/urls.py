"""Pages of patients. What somebody types never stands in an address: searches are POSTed."""

from django.urls import path

from apps.patients.views import duplicates, exports, forms, imports, list_export, lists, merging, record

app_name = "patients"
urlpatterns = [
    path("", lists.index, name="list"),
    path("search/", lists.search, name="search"),
    path("typeahead/", lists.typeahead, name="typeahead"),
    path("export/", list_export.export, name="list-export"),
    path("import/", imports.exchange, name="exchange"),
    path("import/<uuid:pk>/", imports.one_import, name="import"),
    path("import/<uuid:pk>/problems.csv", imports.problems, name="import-problems"),
    path("import/<uuid:pk>/<slug:step>/", imports.import_step, name="import-step"),
    path("new/", forms.new, name="new"),
    path("new/inline/", forms.new_inline, name="new-inline"),
    path("new/row/<slug:part>/", forms.row, name="row"),
    path("check/", forms.check, name="check"),
    path("new/similar/", forms.similar, name="similar"),
    path("merge/<uuid:survivor>/<uuid:duplicate>/", merging.merge, name="merge"),
    path("merges/<uuid:pk>/undo/", merging.unmerge, name="unmerge"),
    path("merges/<uuid:pk>/leftovers/", merging.leftovers, name="merge-leftovers"),
    path("<uuid:pk>/merge/", merging.choose, name="merge-choose"),
    path("<uuid:pk>/merges/", merging.merges, name="merges"),
    path("duplicates/", duplicates.index, name="duplicates"),
    path("duplicates/compare/", duplicates.compare, name="duplicates-compare"),
    path("duplicates/progress/", duplicates.progress, name="duplicates-progress"),
    path("duplicates/<uuid:pk>/", duplicates.pair, name="duplicate"),
    path("duplicates/<uuid:pk>/distinct/", duplicates.tell_apart, name="duplicate-distinct"),
    path("duplicates/<uuid:pk>/reopen/", duplicates.reopen, name="duplicate-reopen"),
    path("<uuid:pk>/", record.detail, name="detail"),
    path("<uuid:pk>/possible-duplicates/", duplicates.flag, name="duplicate-flag"),
    path("<uuid:pk>/timeline/", record.timeline, name="timeline"),
    path("<uuid:pk>/tabs/", record.tabs, name="tabs"),
    path("<uuid:pk>/tab/<slug:key>/", record.tab, name="tab"),
    path("<uuid:pk>/edit/", forms.edit, name="edit"),
    path("<uuid:pk>/archive/", record.archive, name="archive"),
    path("<uuid:pk>/restore/", record.restore, name="restore"),
    path("<uuid:pk>/head/", record.head, name="head"),
    path("<uuid:pk>/details/", record.details, name="details"),
    path("<uuid:pk>/summary/", record.summary, name="summary"),
    path("<uuid:pk>/export/<slug:kind>/", exports.export, name="export"),
    path("<uuid:pk>/consents/", record.consents_panel, name="consents-panel"),
    path("<uuid:pk>/consents/<slug:purpose>/<slug:status>/", record.set_consent, name="set-consent"),
    path("<uuid:pk>/consents/<slug:purpose>/<slug:status>/undo/", record.take_back_consent, name="take-back-consent"),
]
