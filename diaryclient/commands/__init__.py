"""The commands of `diaryclient`, each in a module that is imported only when it is typed."""
