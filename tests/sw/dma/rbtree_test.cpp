// The guest's red-black trees against std::set.
extern "C" {
#include <rbtree.h>
}

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace {

struct Item {
  rb_node node;
  unsigned key;
};

Item* item(rb_node* node) { return reinterpret_cast<Item*>(node); }

void insert(rb_root& root, Item& it) {
  rb_node** link = &root.node;
  rb_node* parent = nullptr;
  while (*link) {
    parent = *link;
    link = it.key < item(parent)->key ? &parent->left : &parent->right;
  }
  rb_insert(&root, &it.node, parent, link);
}

// The number of black nodes on each way down; -1 when a rule is broken.
int black_height(const rb_node* node, const rb_node* parent) {
  if (!node) return 0;
  if (node->parent != parent) return -1;
  if (node->red && (!parent || parent->red)) return -1;
  const int left = black_height(node->left, node);
  const int right = black_height(node->right, node);
  return left < 0 || left != right ? -1 : left + !node->red;
}

std::vector<unsigned> forward(const rb_root& root) {
  std::vector<unsigned> keys;
  for (rb_node* n = rb_first(&root); n; n = rb_next(n)) keys.push_back(item(n)->key);
  return keys;
}

std::vector<unsigned> backward(const rb_root& root) {
  std::vector<unsigned> keys;
  for (rb_node* n = rb_last(&root); n; n = rb_prev(n)) keys.insert(keys.begin(), item(n)->key);
  return keys;
}

void check(const rb_root& root, const std::set<unsigned>& model) {
  const std::vector<unsigned> wanted(model.begin(), model.end());
  ASSERT_GE(black_height(root.node, nullptr), 0) << "a rule of red-black trees is broken";
  ASSERT_EQ(forward(root), wanted);
  ASSERT_EQ(backward(root), wanted);
}

TEST(RbTree, OfNothingHasNeitherFirstNorLast) {
  rb_root root = RB_ROOT;
  EXPECT_EQ(rb_first(&root), nullptr);
  EXPECT_EQ(rb_last(&root), nullptr);
}

TEST(RbTree, StaysBalancedWhenKeysComeInOrder) {
  std::vector<Item> items(1000);
  rb_root root = RB_ROOT;
  std::set<unsigned> model;
  for (unsigned i = 0; i < items.size(); ++i) {
    items[i].key = i;
    insert(root, items[i]);
    model.insert(i);
  }
  check(root, model);
  for (unsigned i = 0; i < items.size(); ++i) {
    rb_erase(&root, &items[i].node);
    model.erase(i);
    ASSERT_NO_FATAL_FAILURE(check(root, model));
  }
  EXPECT_EQ(root.node, nullptr);
}

TEST(RbTree, HoldsWhatASetHoldsWhateverComesAndGoes) {
  std::mt19937 random(1);
  for (unsigned size : {2U, 5U, 12U, 64U, 300U}) {
    std::vector<Item> items(size);
    rb_root root = RB_ROOT;
    std::set<unsigned> model;
    for (unsigned i = 0; i < size; ++i) items[i].key = i;
    for (int step = 0; step < 4000; ++step) {
      Item& it = items[random() % size];
      if (model.count(it.key)) {
        rb_erase(&root, &it.node);
        model.erase(it.key);
      } else {
        insert(root, it);
        model.insert(it.key);
      }
      ASSERT_NO_FATAL_FAILURE(check(root, model)) << "size " << size << " step " << step;
    }
  }
}

}  // namespace
