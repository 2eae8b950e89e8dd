// SPDX-License-Identifier: MIT
/*
 * Red-black trees. What holds between two calls:
 *   1. the root is black, and so is an absent child;
 *   2. a red node has black children;
 *   3. all ways from a node down to an absent child have as many black nodes.
 */
#include <rbtree.h>

#include <export.h>
#include <kernel.h>

static bool is_red(const struct rb_node *node)
{
	return node && node->red;
}

/* Where the tree points to @node. */
static struct rb_node **place(struct rb_root *root, struct rb_node *node)
{
	if (!node->parent)
		return &root->node;
	return node == node->parent->left ? &node->parent->left :
					    &node->parent->right;
}

static void replace(struct rb_root *root, struct rb_node *old,
		    struct rb_node *by)
{
	*place(root, old) = by;
	if (by)
		by->parent = old->parent;
}

/* @node goes down to the left, its right child takes its place. */
static void rotate_left(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *up = node->right;

	replace(root, node, up);
	node->right = up->left;
	if (node->right)
		node->right->parent = node;
	up->left = node;
	node->parent = up;
}

static void rotate_right(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *up = node->left;

	replace(root, node, up);
	node->left = up->right;
	if (node->left)
		node->left->parent = node;
	up->right = node;
	node->parent = up;
}

/* Rule 2 is broken at most between @node, which is red, and its parent. */
void rb_insert(struct rb_root *root, struct rb_node *node,
	       struct rb_node *parent, struct rb_node **link)
{
	struct rb_node *grand, *uncle;

	node->parent = parent;
	node->left = NULL;
	node->right = NULL;
	node->red = true;
	*link = node;

	while (is_red(parent = node->parent)) {
		/* It is there: a red node is not the root. */
		grand = parent->parent;
		uncle = parent == grand->left ? grand->right : grand->left;
		if (is_red(uncle)) {
			parent->red = false;
			uncle->red = false;
			grand->red = true;
			node = grand;
			continue;
		}
		if (parent == grand->left) {
			if (node == parent->right) {
				rotate_left(root, parent);
				parent = node;
			}
			rotate_right(root, grand);
		} else {
			if (node == parent->left) {
				rotate_right(root, parent);
				parent = node;
			}
			rotate_left(root, grand);
		}
		parent->red = false;
		grand->red = true;
		break;
	}
	root->node->red = false;
}
EXPORT_SYMBOL(rb_insert);

/* The ways through @node, which may be absent, have one black node too few. */
static void add_black(struct rb_root *root, struct rb_node *node,
		      struct rb_node *parent)
{
	struct rb_node *other;

	while (parent && !is_red(node)) {
		/* Never absent: its ways have one black node more. */
		if (node == parent->left) {
			other = parent->right;
			if (other->red) {
				other->red = false;
				parent->red = true;
				rotate_left(root, parent);
				other = parent->right;
			}
			if (is_red(other->left) && !is_red(other->right)) {
				other->left->red = false;
				other->red = true;
				rotate_right(root, other);
				other = parent->right;
			}
			if (is_red(other->right)) {
				other->red = parent->red;
				parent->red = false;
				other->right->red = false;
				rotate_left(root, parent);
				return;
			}
		} else {
			other = parent->left;
			if (other->red) {
				other->red = false;
				parent->red = true;
				rotate_right(root, parent);
				other = parent->left;
			}
			if (is_red(other->right) && !is_red(other->left)) {
				other->right->red = false;
				other->red = true;
				rotate_left(root, other);
				other = parent->left;
			}
			if (is_red(other->left)) {
				other->red = parent->red;
				parent->red = false;
				other->left->red = false;
				rotate_right(root, parent);
				return;
			}
		}
		/* Both sides lack it now, and so the lack moves up. */
		other->red = true;
		node = parent;
		parent = node->parent;
	}
	if (node)
		node->red = false;
}

void rb_erase(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *child, *parent, *next;
	bool black;

	if (node->left && node->right) {
		/* The next one, which has no left child, takes its place. */
		next = node->right;
		while (next->left)
			next = next->left;
		child = next->right;
		parent = next->parent == node ? next : next->parent;
		black = !next->red;
		if (parent != next) {
			replace(root, next, child);
			next->right = node->right;
			next->right->parent = next;
		}
		replace(root, node, next);
		next->left = node->left;
		next->left->parent = next;
		next->red = node->red;
	} else {
		child = node->left ? node->left : node->right;
		parent = node->parent;
		black = !node->red;
		replace(root, node, child);
	}
	if (black)
		add_black(root, child, parent);
}
EXPORT_SYMBOL(rb_erase);

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->left)
		node = node->left;
	return node;
}
EXPORT_SYMBOL(rb_first);

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->right)
		node = node->right;
	return node;
}
EXPORT_SYMBOL(rb_last);

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *next = node->right;

	if (next) {
		while (next->left)
			next = next->left;
		return next;
	}
	while (node->parent && node == node->parent->right)
		node = node->parent;
	return node->parent;
}
EXPORT_SYMBOL(rb_next);

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *prev = node->left;

	if (prev) {
		while (prev->right)
			prev = prev->right;
		return prev;
	}
	while (node->parent && node == node->parent->left)
		node = node->parent;
	return node->parent;
}
EXPORT_SYMBOL(rb_prev);
