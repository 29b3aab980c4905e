import { Field, GraphQLISODateTime, ID, ObjectType, registerEnumType } from '@nestjs/graphql';
import { MessageRole, Rating } from '@midplane/contracts';
import { Answer } from '../answer/answer.types.js';
import { connectionOf } from '../page/page.types.js';

export const MessageRoleEnum = MessageRole.enum;
registerEnumType(MessageRoleEnum, { name: 'MessageRole' });

export const RatingEnum = Rating.enum;
registerEnumType(RatingEnum, { name: 'Rating' });

@ObjectType('Conversation')
export class Conversation {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  title!: string;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime)
  updatedAt!: Date;
}

export const ConversationConnection = connectionOf('ConversationConnection', Conversation);

@ObjectType('Message')
export class Message {
  @Field(() => ID)
  id!: string;

  @Field(() => MessageRoleEnum)
  role!: MessageRole;

  @Field(() => String)
  text!: string;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => Answer, { nullable: true })
  answer!: Answer | null;

  @Field(() => RatingEnum, { nullable: true })
  rating!: Rating | null;
}

export const MessageConnection = connectionOf('MessageConnection', Message);
