"""Raw rows become what a model takes, by a recipe, in operations that every language rounds alike.

What is used of it elsewhere:

- `rows.Rows`: the raw columns of a batch, whatever types they come in.
- `dividing.Divider`: in which part, file and place of a data set each row goes.
- `fitting.Fit`: what the values are, as sums of whole numbers, and the fitted recipe that follows from them.
- `encoder.Encoder`: a fitted recipe, applied to rows.
- `folder`: a fitted recipe and its vocabularies as files.
- `positions`: the name, size and vocabulary of each place of the vectors.
"""
