"""Which fields of the spec the trainer obeys: each adapter says which it gives effect to, and sees no others."""
