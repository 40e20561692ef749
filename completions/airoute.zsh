#compdef airoute

_airoute_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _AIROUTE_COMPLETE=complete_zsh airoute)
}

compdef _airoute_completion airoute
