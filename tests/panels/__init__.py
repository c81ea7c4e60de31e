"""What is drawn, said and saved is what is computed: one suite for all panels and questions."""
